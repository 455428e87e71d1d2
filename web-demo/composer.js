/**
 * The action composer: keeps the form and the JSON of one action in step, sends it, and shows its answer and its curl
 * command.
 *
 * The action is the state; form and JSON are two views of it. Keys of the payload that the form does not know are kept.
 */

import { showAnswer, showPending } from './answer.js';
import { curlCommand } from './curl.js';
import { byId, copyText, element } from './dom.js';
import { prose } from './field.js';
import { formFields } from './form.js';

export class Composer {
  #schemas;
  #workspace;
  #action = { type: 'goto', payload: {} };
  #isValid = true;

  /** @param {import('./workspace.js').Workspace} workspace @param {Record<string, object>} schemas by action type */
  constructor(workspace, schemas) {
    this.#workspace = workspace;
    this.#schemas = schemas;
    const options = Object.keys(schemas).map((type) => element('option', { value: type }, type));
    byId('type').replaceChildren(...options);
    byId('type').addEventListener('change', () => this.#retype(byId('type').value));
    byId('json').addEventListener('input', () => this.#readJson());
    byId('composer-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    byId('curl').addEventListener('click', () => this.#copyCurl());
    for (const change of ['select', 'ended']) workspace.addEventListener(change, () => this.#showReadiness());
    this.load(this.#action);
  }

  /** A copy of the current action, or `null` while its JSON is invalid. */
  get action() {
    return this.#isValid ? structuredClone(this.#action) : null;
  }

  /** @param {{type: string, payload?: object}} action */
  load(action) {
    this.#action = structuredClone(action);
    this.#showForm();
    this.#showJson();
  }

  /** Puts a selector into the current action, or into a new click where the current action takes none. */
  select(selector) {
    const takesOne = 'selector' in (this.#schemas[this.#action.type]?.properties ?? {});
    const { type, payload } = takesOne ? this.#action : { type: 'click', payload: {} };
    this.load({ type, payload: { ...payload, selector } });
  }

  /** A new type keeps the fields that it also has, such as the selector of a click for a fill. */
  #retype(type) {
    const known = this.#schemas[type].properties;
    const kept = Object.entries(this.#action.payload ?? {}).filter(([name]) => name in known);
    this.load({ type, payload: Object.fromEntries(kept) });
  }

  #showForm() {
    const { type, payload = {} } = this.#action;
    const schema = this.#schemas[type];
    byId('type').value = type;
    byId('type-about').replaceChildren(...prose(schema?.description ?? ''));
    const change = (name, value) => this.#set(name, value);
    byId('fields').replaceChildren(...(schema ? formFields(schema, payload ?? {}, change) : []));
  }

  #set(name, value) {
    const payload = { ...this.#action.payload };
    if (value === undefined) delete payload[name];
    else payload[name] = value;
    this.#action = { ...this.#action, payload };
    this.#showJson();
  }

  #showJson() {
    const { payload } = this.#action;
    const isBare = payload && Object.keys(payload).length === 0;
    byId('json').value = JSON.stringify(isBare ? { ...this.#action, payload: undefined } : this.#action, null, 2);
    this.#judge('');
  }

  #readJson() {
    let action;
    try {
      action = JSON.parse(byId('json').value);
    } catch (error) {
      return this.#judge(`Not JSON yet: ${error.message}`);
    }
    if (typeof action?.type !== 'string') return this.#judge('An action is an object with a type.');
    this.#action = action;
    this.#showForm();
    this.#judge('');
  }

  #judge(objection) {
    this.#isValid = objection === '';
    byId('json').setAttribute('aria-invalid', String(!this.#isValid));
    byId('json-objection').textContent = objection;
    byId('curl-command').hidden = true;
    this.#showReadiness();
  }

  #showReadiness() {
    const session = this.#workspace.selected;
    const isReady = Boolean(session) && !session.ended;
    byId('send').disabled = !isReady || !this.#isValid;
    byId('send-note').textContent = isReady
      ? ''
      : session
        ? 'This session has ended.'
        : 'Create or watch a session first.';
  }

  async #send() {
    const { action } = this;
    if (!action || byId('send').disabled) return;
    showPending(action.type);
    try {
      showAnswer(action.type, await this.#workspace.act(action));
    } catch (error) {
      showAnswer(action.type, error);
    }
  }

  async #copyCurl() {
    if (!this.action) return;
    const sessionId = this.#workspace.selected?.id ?? 'SESSION_ID';
    const command = byId('curl-command');
    command.textContent = curlCommand(location.origin, sessionId, this.action);
    command.hidden = false;
    const copied = await copyText(command.textContent, command);
    byId('announcement').textContent = copied ? 'Copied' : 'Selected, ready to copy';
    byId('curl').textContent = copied ? 'Copied' : 'Copy as curl';
    setTimeout(() => (byId('curl').textContent = 'Copy as curl'), 1500);
  }
}
