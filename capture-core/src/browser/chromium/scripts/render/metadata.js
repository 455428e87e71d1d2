// Reads what a document says about itself: thirteen fields, each from the most trustworthy place that has one. Open
// Graph and Twitter tags come first where publishers maintain them, then structured data (JSON-LD and microdata), then
// the usual elements of a page.
//
// This file is an extension: it is evaluated in a document's isolated world the first time it is needed.

({ own }) => {
  // Bounds of what is looked at, because a page can contain anything.
  const MOST_TEXT = 4096;
  const MOST_ADDRESS = 8192;
  const MOST_NODES = 5000;

  const all = (selector) => [...own.querySelectorAll(document, selector)].slice(0, MOST_NODES);
  const attribute = (element, name) => own.getAttribute(element, name);

  function text(value) {
    if (typeof value !== 'string' && typeof value !== 'number') return null;
    const plain = String(value).slice(0, 4 * MOST_TEXT).replace(/\s+/g, ' ').trim();
    return plain === '' ? null : plain.slice(0, MOST_TEXT);
  }

  function address(value) {
    const given = text(value);
    if (given === null) return null;
    try {
      const url = new URL(given, own.baseURI(own.documentElement()));
      const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
      return isWeb && url.href.length <= MOST_ADDRESS ? url.href : null;
    } catch {
      return null;
    }
  }

  // The first value that counts, of functions that return one value or several.
  function first(accept, ...sources) {
    for (const source of sources) {
      const found = source();
      for (const each of Array.isArray(found) ? found : [found]) {
        const value = accept(each);
        if (value !== null) return value;
      }
    }
    return null;
  }

  // The contents of meta elements by the name of their `property`, `name` or `itemprop`.
  const metas = new Map();
  for (const element of all('meta')) {
    const content = attribute(element, 'content');
    if (content === null) continue;
    for (const name of ['property', 'name', 'itemprop']) {
      const key = attribute(element, name)?.toLowerCase().trim();
      if (!key) continue;
      if (!metas.has(key)) metas.set(key, []);
      metas.get(key).push(content);
    }
  }
  const meta = (...names) => () => names.flatMap((name) => metas.get(name) ?? []);

  // Structured data: every object of every JSON-LD script, in the order of the document.
  const things = [];
  for (const script of all('script[type="application/ld+json" i]')) {
    try {
      collect(JSON.parse(own.textContent(script)), 0);
    } catch {
      // a script that is not JSON says nothing
    }
  }
  function collect(value, depth) {
    if (depth > 20 || things.length >= MOST_NODES || value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) {
      for (const each of value) collect(each, depth + 1);
      return;
    }
    things.push(value);
    collect(value['@graph'], depth + 1);
    collect(value.mainEntity, depth + 1);
    collect(value.mainEntityOfPage, depth + 1);
  }
  const isKind = (thing, kinds) => [thing['@type']].flat().some((kind) => kinds.includes(String(kind).toLowerCase()));
  // The values at a path such as `author.name`; a text in place of the last object counts as its name or address.
  function at(thing, path) {
    let values = [thing];
    path.split('.').forEach((name, index, names) => {
      values = values.flatMap((value) => {
        if (typeof value === 'string') return index === names.length - 1 && index > 0 ? [value] : [];
        return value && typeof value === 'object' ? [value[name]].flat() : [];
      });
    });
    return values;
  }
  const structured = (...paths) => () => paths.flatMap((path) => things.flatMap((thing) => at(thing, path)));
  const structuredOf = (kinds, ...paths) => () =>
    paths.flatMap((path) => things.filter((thing) => isKind(thing, kinds)).flatMap((thing) => at(thing, path)));

  // Microdata: the value of an element with this `itemprop`.
  const item = (name) => () => all(`[itemprop~="${name}" i]`).map(valueOf);
  function valueOf(element) {
    for (const name of ['content', 'datetime', 'src', 'href']) {
      const value = attribute(element, name);
      if (value !== null) return value;
    }
    return own.textContent(element);
  }
  const texts = (selector) => () => all(selector).map((element) => own.textContent(element));
  const values = (selector, name) => () => all(selector).map((element) => attribute(element, name));
  const ofProperty = (selector, name) => () => all(selector).map((element) => own.get(element, name));

  function title() {
    return first(text, meta('og:title'), meta('twitter:title'), () => own.title(), structured('headline'),
      texts('.post-title, .entry-title'), texts('h1'));
  }

  function description() {
    return first(text, meta('og:description'), meta('twitter:description'), meta('description'),
      item('description'), structured('articleBody'), structured('description'));
  }

  function url() {
    return first(address, meta('og:url'), meta('twitter:url'), values('link[rel~="canonical" i]', 'href'),
      values('link[rel~="alternate" i][hreflang="x-default" i]', 'href'), () => location.href);
  }

  function image() {
    return first(address, meta('og:image:secure_url'), meta('og:image:url'), meta('og:image'),
      meta('twitter:image:src'), meta('twitter:image'), item('image'),
      structured('image.url', 'image.contentUrl', 'image'), ofProperty('article img[src]', 'currentSrc'),
      values('article img[src]', 'src'), values('#content img[src]', 'src'), values('img[src]', 'src'));
  }

  const ORGANISATIONS = ['organization', 'brand', 'place', 'product', 'service', 'newsmediaorganization', 'corporation',
    'localbusiness'];

  function logo() {
    return first(address, meta('og:logo'), item('logo'),
      structuredOf(ORGANISATIONS, 'logo.url', 'logo.contentUrl', 'logo'),
      structured('publisher.logo.url', 'publisher.logo', 'brand.logo.url', 'brand.logo', 'logo.url', 'logo'), icons);
  }

  // The icons of the document, the largest first.
  function icons() {
    const size = (element) => Math.max(0, ...(attribute(element, 'sizes') ?? '').split(/\s+/).map((each) => parseInt(each, 10) || 0));
    const found = all('link[rel~="icon" i], link[rel~="apple-touch-icon" i], link[rel~="apple-touch-icon-precomposed" i]');
    return found.sort((one, other) => size(other) - size(one)).map((element) => attribute(element, 'href'));
  }

  function publisher() {
    return first(text, structured('publisher.name'), meta('og:site_name'), meta('application-name'), meta('app-title'),
      meta('app_name'), meta('publisher'), meta('twitter:app:name:iphone', 'twitter:app:name:ipad', 'twitter:app:name:googleplay'),
      texts('#logo, .logo'), afterTitle);
  }

  // The name of a site often stands after the last dash or bar of the title.
  function afterTitle() {
    const parts = (own.title() ?? '').split(/\s[-–—|]\s/);
    return parts.length > 1 ? parts.at(-1) : null;
  }

  function author() {
    const name = (value) => {
      const plain = text(value)?.replace(/^by\s+/i, '') ?? null;
      return plain === null || plain.length > 200 || /^https?:\/\//i.test(plain) ? null : plain.replace(/^@/, '');
    };
    return first(name, structured('author.name'), structured('brand.name'), meta('author'), meta('article:author'),
      () => all('[itemprop~="author" i] [itemprop~="name" i]').map(valueOf), item('author'), texts('[rel~="author" i]'),
      texts('a[class*="author" i]'), texts('a[href*="/author/" i]'), texts('[class*="byline" i]'), meta('twitter:creator'));
  }

  function date() {
    return first(moment, structured('dateModified'), meta('article:modified_time', 'og:updated_time'),
      structured('datePublished'), structured('dateCreated'), meta('article:published_time'), meta('date', 'dc.date', 'dcterms.date'),
      item('datemodified'), item('datepublished'), item('date'), values('time[datetime]', 'datetime'),
      texts('[class*="byline" i] time, [class*="publish" i] time, [class*="date" i] time'));
  }

  function moment(value) {
    const given = text(value);
    if (given === null || !/\d{4}/.test(given)) return null;
    // A date without a time is the same day everywhere.
    const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(given) ? `${given}T00:00:00Z` : given);
    return Number.isNaN(time) ? null : new Date(time).toISOString();
  }

  function lang() {
    const two = (value) => text(value)?.match(/^[a-z]{2}(?![a-z])/i)?.[0].toLowerCase() ?? null;
    return first(two, meta('og:locale'), item('inlanguage'), structured('inLanguage'),
      () => attribute(own.documentElement(), 'lang'));
  }

  function media(kind) {
    return first(address, meta(`og:${kind}:secure_url`), meta(`og:${kind}:url`), meta(`og:${kind}`),
      kind === 'video' ? meta('twitter:player:stream') : () => null,
      structuredOf([`${kind}object`], 'contentUrl'), structured(`${kind}.contentUrl`),
      values(`${kind}[src]`, 'src'), values(`${kind} source[src]`, 'src'));
  }

  function feed() {
    const kinds = ['application/rss+xml', 'application/atom+xml', 'application/feed+json', 'application/rdf+xml'];
    return first(address, ...kinds.map((kind) => values(`link[type="${kind}" i][href]`, 'href')));
  }

  function metadata() {
    return {
      author: author(), audio: media('audio'), date: date(), description: description(), feed: feed(), iframe: null,
      image: image(), lang: lang(), logo: logo(), publisher: publisher(), title: title(), url: url(), video: media('video'),
    };
  }

  return { metadata };
};
