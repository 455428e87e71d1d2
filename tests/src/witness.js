// A second, independent judgement by the page itself of what a reply claims. It knows nothing of the engine's scripts, and receives every event
// before the page does. It fetches the claim to judge from the test's site, and posts its judgement there.
(() => {
  // The getters come from the prototypes, because a page may have form fields with the names of properties.
  const get = (node, name) => Reflect.get(Object.getPrototypeOf(node), name, node);
  const ask = (node, name, ...given) => get(node, name).apply(node, given);
  const heard = [];
  const wanted = ['click', 'auxclick', 'contextmenu', 'dblclick', 'keydown', 'input', 'change', 'mousemove', 'mousedown'];
  for (const type of wanted) {
    addEventListener(type, (event) => {
      const { clientX: x, clientY: y, key, button } = event;
      if (event.isTrusted) heard.push({ type, path: event.composedPath(), x, y, key, button });
    }, { capture: true, passive: true });
  }

  const all = (selector) => {
    try { return [...ask(document, 'querySelectorAll', selector)]; } catch { return null; }
  };
  const plain = (selector) => typeof selector === 'string' && !/^(xpath=|\/\/|text=|@e)/.test(selector.trim());
  // The first match in the main document: other frames and shadow roots are out of reach here.
  const first = (selector) => {
    const found = plain(selector) ? all(selector) ?? [] : [];
    return found.find(seen) ?? found[0] ?? null;
  };
  // An element without a box is visible through its text.
  const boxes = (element) => {
    if (getComputedStyle(element).display !== 'contents') return [ask(element, 'getBoundingClientRect'), ...words(element)];
    return words(element);
  };
  const words = (element) => {
    if (getComputedStyle(element).overflow !== 'visible') return [];
    const range = ask(document, 'createRange');
    range.selectNodeContents(element);
    return [...range.getClientRects()];
  };
  const shown = (element) => {
    if (getComputedStyle(element).display !== 'contents') return ask(element, 'checkVisibility', { visibilityProperty: true });
    return getComputedStyle(element).visibility === 'visible' && (!get(element, 'parentElement') || shown(get(element, 'parentElement')));
  };
  const seen = (element) => shown(element) && boxes(element).some(({ width, height }) => width > 0 && height > 0);
  const near = (one, other) => Math.abs(one - other) <= 1;
  const controlOf = (element) => (get(element, 'localName') === 'label' ? element.control ?? element : element);
  const contentOf = (element) => {
    const field = controlOf(element);
    // Editors fill empty fields with zero-width characters.
    return 'value' in field ? field.value : get(field, 'innerText').replace(/[\u200b\ufeff]/g, '').replace(/\n$/, '');
  };
  // The written text, without placeholders that cannot be edited and without zero-width characters.
  const written = (node) => [...get(node, 'childNodes')].map((each) => {
    if (!(each instanceof HTMLElement)) return each.textContent;
    return get(each, 'isContentEditable') ? written(each) : '';
  }).join('').replace(/[\s\u200b\ufeff]/g, '');
  const asField = (text, element) => {
    const field = controlOf(element);
    return 'value' in field ? field.value : text;
  };
  // Text and pictures stand for the control that contains them.
  const around = (element) => ask(element, 'closest', 'a, button, label, summary, [role]');
  const receivers = (element) => [element, ...(get(element, 'localName') === 'label' && element.control ? [element.control] : []), ...(get(element, 'labels') ?? []), ...[around(element)].filter(Boolean)];

  const clickTypes = { left: 'click', middle: 'auxclick', right: 'contextmenu' };
  function click(payload, reply) {
    const element = first(payload.selector);
    if (!element || reply.navigated) return null;
    const type = clickTypes[payload.button ?? 'left'];
    const clicks = heard.filter((event) => event.type === type);
    if (clicks.length === 0) return `nothing heard of a ${type}`;
    // When pressing moves the element away, the browser clicks the common ancestor of both targets.
    const pressed = heard.filter((event) => event.type === 'mousedown' || event.type === type);
    const own = pressed.filter((event) => event.path.some((node) => receivers(element).includes(node) || (node instanceof Element && ask(node, 'matches', payload.selector))));
    if (!payload.force && own.length === 0) return `the ${type} went to ${describe(clicks[0].path[0])}`;
    const { x, y } = reply.clickedPoint;
    return clicks.some((event) => near(event.x, x) && near(event.y, y)) ? null : `clicked at ${clicks[0].x},${clicks[0].y}, not ${x},${y}`;
  }

  const describe = (node) => {
    if (!(node instanceof Element)) return 'window';
    return get(node, 'id') ? `${get(node, 'localName')}#${get(node, 'id')}` : get(node, 'localName');
  };
  const judges = {
    title: (_, reply) => (reply.title === get(document, 'title') ? null : `the title is ${get(document, 'title')}`),
    url: (_, reply) => (reply.url === location.href ? null : `the address is ${location.href}`),
    goto: (_, reply) => (reply.url === location.href ? null : `the address is ${location.href}`),
    click,
    hover(payload) {
      const element = first(payload.selector);
      return !element || ask(element, 'matches', ':hover') ? null : 'it is not hovered';
    },
    fill(payload, reply) {
      const element = first(payload.selector);
      if (!element) return null;
      if (reply.value === '' && get(element, 'isContentEditable') && written(element) === '') return null;
      const content = contentOf(element);
      // The hidden field of a code editor is empty or holds the selection; the visible text is the document.
      const lines = get(element, 'localName') === 'textarea' && first('.CodeMirror-code, .view-lines');
      if (lines) {
        const [shown, told] = [get(lines, 'innerText'), reply.value].map((text) => text.replace(/[\s\u200b]+/g, ''));
        return shown === told ? null : `the editor shows ${JSON.stringify(shown)}`;
      }
      return content === asField(reply.value, element) && reply.value === contentOf(element) ? null : `it holds ${JSON.stringify(content)}`;
    },
    select(payload, reply) {
      const element = first(payload.selector) && controlOf(first(payload.selector));
      if (!element?.selectedOptions) return null;
      const selected = [...element.selectedOptions].map((option) => option.value);
      return JSON.stringify(selected) === JSON.stringify(reply.selected) ? null : `selected are ${selected}`;
    },
    check(payload, reply) {
      const box = first(payload.selector) && controlOf(first(payload.selector));
      if (!box || !('checked' in box)) return null;
      return box.checked === reply.checked ? null : `it is ${box.checked}`;
    },
    // Keys in a frame are not observable from here.
    press: () => ((get(document, 'activeElement') && get(get(document, 'activeElement'), 'localName') === 'iframe') || heard.some((event) => event.type === 'keydown') ? null : 'no key was heard'),
    wait_for_selector(payload, reply) {
      const element = first(payload.selector);
      const state = payload.state ?? (payload.visible === false ? 'attached' : 'visible');
      if (!plain(payload.selector) || !element) return null;
      if (state === 'visible' && !seen(element)) return 'it is not visible';
      if (state === 'hidden' && seen(element) && reply.visible) return 'it is visible';
      return null;
    },
    query(payload, reply) {
      if (!first(payload.selector) || payload.visibleOnly) return null;
      const found = all(payload.selector);
      // Matches in shadow roots are counted in addition.
      if (reply.count < found.length) return `there are ${found.length}`;
      if (reply.count > found.length) return null;
      for (const [index, row] of reply.elements.entries()) {
        const element = found[index];
        const [id, name, value] = ['id', 'localName', 'value'].map((each) => get(element, each));
        if ('id' in row && row.id !== id) return `the ${index}th is #${id}`;
        if ('visible' in row && row.visible !== seen(element) && name !== 'area') return `#${id} is ${seen(element) ? '' : 'not '}visible`;
        if ('value' in row && value !== undefined && row.value !== String(value)) return `#${id} holds ${value}`;
        if ('tag' in row && row.tag !== name) return `the ${index}th is a ${name}`;
      }
      return null;
    },
    scroll(payload, reply) {
      const element = first(payload.selector);
      const way = payload.direction || payload.amount !== undefined || payload.to;
      if (payload.x !== undefined || (payload.selector && (!element || !way || get(element, 'localName') === 'iframe'))) return null;
      const root = get(document, 'scrollingElement');
      const scroller = element ?? root;
      if (!element && near(root.scrollTop, reply.scrollY)) return null;
      // Positions count from the top, also where scrolling begins at the bottom.
      const both = [root.scrollTop, scroller.scrollTop, scroller.scrollHeight - scroller.clientHeight + scroller.scrollTop];
      return element && !both.some((each) => near(each, reply.scrollY)) ? `it stands at ${scroller.scrollTop}` : null;
    },
    cursor_position(_, reply) {
      const last = heard.findLast((event) => event.type === 'mousemove');
      return !last || (near(last.x, reply.x) && near(last.y, reply.y)) ? null : `the mouse was seen at ${last.x},${last.y}`;
    },
  };

  // A refused action must not have had its effect.
  function refused({ kind, payload, reply }) {
    if (reply.outcome !== 'not_executed') return null;
    const types = { click: ['click', 'mousedown'], fill: ['input'], type: ['input', 'keydown'], press: ['keydown'], check: ['click'] }[kind] ?? [];
    const own = heard.find((event) => types.includes(event.type));
    return own ? `${payload.selector}: not executed, yet ${own.type} came to ${describe(own.path[0])}` : null;
  }

  async function testify() {
    for (;;) {
      const asked = await fetch(`/witness/ask${location.pathname}`);
      if (!asked.ok) return;
      const claim = await asked.json();
      const judge = judges[claim.kind];
      let doubt;
      try {
        doubt = claim.reply.success ? judge?.(claim.payload ?? {}, claim.reply) ?? null : refused(claim);
      } catch (error) {
        doubt = `the judge failed: ${error}`;
      }
      heard.length = 0;
      await fetch(`/witness/tell${location.pathname}`, { method: 'POST', body: JSON.stringify({ number: claim.number, doubt }) });
    }
  }
  if (self === top) testify().catch(() => 0);
})();
