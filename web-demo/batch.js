/** The batch editor: steps are taken from the composer and run as one `batch` action; each step's outcome is shown as it arrives. */

import { showAnswer, showPending } from './answer.js';
import { byId, element } from './dom.js';

const MOST_STEPS = 25;

/** @typedef {{action: {type: string, payload?: object}, outcome: object|null, note: string}} Step */

export class Batch {
  #workspace;
  #composer;
  /** @type {Step[]} */
  #steps = [];
  /** The running batch; `actionId` is set once its start was reported. */
  #run = null;
  #listening = new AbortController();

  /** @param {import('./workspace.js').Workspace} workspace @param {import('./composer.js').Composer} composer */
  constructor(workspace, composer) {
    this.#workspace = workspace;
    this.#composer = composer;
    byId('batch-add').addEventListener('click', () => this.#add());
    byId('batch-run').addEventListener('click', () => this.#start());
    byId('batch-clear').addEventListener('click', () => this.#change(() => (this.#steps = [])));
    for (const change of ['select', 'ended']) workspace.addEventListener(change, () => this.#render());
    this.#render();
  }

  #add() {
    const { action } = this.#composer;
    if (action) this.#change(() => this.#steps.push({ action, outcome: null, note: '' }));
  }

  #change(edit) {
    edit();
    this.#render();
  }

  async #start() {
    for (const step of this.#steps) Object.assign(step, { outcome: null, note: 'waiting' });
    const actions = this.#steps.map(({ action }) => action);
    const payload = { actions, continueOnError: byId('batch-continue').checked };
    this.#run = { steps: this.#steps, actionId: null };
    this.#listen(this.#workspace.selected);
    this.#render();
    showPending('batch');
    const answer = await this.#workspace.act({ type: 'batch', payload }).catch((error) => error);
    // A refusal before the first step has an index as well, but no results.
    for (const result of answer.results ?? []) this.#conclude(result.index, result);
    const isUnknown = !answer.results && answer.outcome === 'unknown';
    for (const step of this.#run.steps) step.note = isUnknown ? 'not known' : 'not run';
    showAnswer('batch', answer);
    this.#run = null;
    this.#listening.abort();
    this.#render();
  }

  /** Follows the batch that was just sent; other clients may run batches in the session as well. */
  #listen(session) {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const started = ({ detail }) => {
      if (detail?.type === 'batch' && detail.ours) this.#run.actionId ??= detail.actionId;
    };
    const ended = ({ detail }) => {
      if (detail.actionId === this.#run.actionId) this.#conclude(detail.index, detail.step);
    };
    session.addEventListener('running', started, { signal });
    session.addEventListener('step', ended, { signal });
  }

  #conclude(index, outcome) {
    const step = this.#run.steps[index];
    if (step) this.#change(() => (step.outcome = outcome));
  }

  #render() {
    const session = this.#workspace.selected;
    const isReady = session && !session.ended && !this.#run;
    byId('batch-steps').replaceChildren(...this.#steps.map((step, index) => this.#item(step, index)));
    byId('batch-empty').hidden = this.#steps.length > 0;
    byId('batch-add').disabled = Boolean(this.#run) || this.#steps.length >= MOST_STEPS;
    byId('batch-run').disabled = !isReady || this.#steps.length === 0;
    byId('batch-run').textContent = this.#run ? 'Running…' : 'Run batch';
    byId('batch-clear').disabled = Boolean(this.#run) || this.#steps.length === 0;
  }

  #item({ action, outcome, note }, index) {
    const what = [element('code', {}, action.type), element('span', { class: 'brief' }, brief(action))];
    return element(
      'li',
      { 'data-step': index, 'data-success': outcome && String(outcome.success) },
      element('div', { class: 'step-what' }, ...what),
      element('span', { class: 'step-outcome' }, outcome === null ? note : outcomeText(outcome)),
      element('span', { class: 'step-tools' }, ...this.#tools(index)),
    );
  }

  #tools(index) {
    const busy = Boolean(this.#run);
    const move = (by) => this.#change(() => this.#steps.splice(index + by, 0, ...this.#steps.splice(index, 1)));
    const remove = () => this.#change(() => this.#steps.splice(index, 1));
    const tool = (sign, label, disabled, onclick) => {
      const name = `${label} step ${index}`;
      return element(
        'button',
        { type: 'button', class: 'icon', 'aria-label': name, title: label, disabled, onclick },
        sign,
      );
    };
    return [
      tool('↑', 'Move up', busy || index === 0, () => move(-1)),
      tool('↓', 'Move down', busy || index === this.#steps.length - 1, () => move(1)),
      tool('×', 'Remove', busy, remove),
    ];
  }
}

function brief({ payload }) {
  return payload && Object.keys(payload).length > 0 ? JSON.stringify(payload) : '';
}

function outcomeText({ success, durationMs, error, message }) {
  return success ? `${durationMs} ms` : (error ?? message ?? 'failed');
}
