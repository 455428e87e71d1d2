// Converts a page to Markdown as GitHub reads it. Tables are not padded.

// Maximum columns of a table, and rows that are checked to count them.
const MOST_COLUMNS = 1000;
const MOST_ROWS = 100_000;
const MOST_ROWS_COMPARED = 100;
// Lists and quotes that are nested more deeply than this are not indented further.
const MOST_INDENTS = 20;
const HEADINGS = new Map([['h1', '# '], ['h2', '## '], ['h3', '### '], ['h4', '#### '], ['h5', '##### '], ['h6', '###### ']]);
const EMPHASIS = new Map([['b', '**'], ['strong', '**'], ['i', '*'], ['em', '*'], ['del', '~~'], ['s', '~~']]);
const CODE = new Set(['code', 'kbd', 'samp', 'tt']);

class MarkdownWriter {
  constructor(written) {
    this.written = written;
    this.spelling = [spelt]; // the spelling of text, for each open element
    this.lists = [];
    this.tables = [];
  }

  text(text) {
    this.spelling.at(-1)(this.written, text);
  }

  lineBreak() {
    this.written.endLine('  ');
  }

  // Begins an element and returns how to end it, or nothing if the element has already been written.
  enter(element, name, style) {
    const { written } = this;
    if (name === 'img') return this.image(element);
    if (name === 'hr') return this.rule();
    if (CODE.has(name) && this.spelling.at(-1) !== verbatim) return this.code(element);
    const isCell = isCellOfTable(name) && this.tables.at(-1);
    // a Markdown reader would not show the cell
    if (isCell && this.tables.at(-1).cells >= this.tables.at(-1).columns) return undefined;
    const lines = isCell ? 0 : this.linesAround(name, style);
    if (lines > 0) written.block(lines);
    const leave = this.spelling.at(-1) === verbatim ? undefined : this.begin(element, name);
    this.spelling.push(this.spellingIn(name, style));
    return () => {
      this.spelling.pop();
      leave?.();
      if (lines > 0) written.block(lines);
    };
  }

  spellingIn(name, style) {
    const spelling = this.spelling.at(-1);
    if (spelling === verbatim || (name === 'pre' && this.written.oneLine === 0)) return verbatim;
    if (isCellOfTable(name) && this.tables.at(-1)) return speltInCell;
    return spelling === spelt && keepsLines(style) ? speltInLines : spelling;
  }

  // Nested lists have no empty lines around them.
  linesAround(name, style) {
    if (name === 'caption') return 2;
    if ((name === 'ul' || name === 'ol') && this.lists.length > 0) return 1;
    return linesAround(name, style);
  }

  // Writes what precedes an element's content, and returns what to do after it.
  begin(element, name) {
    const { written } = this;
    if (HEADINGS.has(name) && written.oneLine === 0) return this.heading(HEADINGS.get(name));
    if (EMPHASIS.has(name)) return this.marked(EMPHASIS.get(name), EMPHASIS.get(name));
    if (name === 'a') return this.link(element);
    if (name === 'ul' || name === 'ol' || name === 'menu') return this.list(element, name);
    if (name === 'li') return this.item();
    if (name === 'blockquote') return this.indented('> ', '> ');
    if (name === 'pre' && written.oneLine === 0) return this.fenced(element);
    if (name === 'table') return this.table(element);
    if (name === 'tr' && this.tables.at(-1)) return this.row();
    if (isCellOfTable(name) && this.tables.at(-1)) return this.cell(element);
    return undefined;
  }

  heading(signs) {
    this.written.indent(signs, '');
    this.written.oneLine += 1;
    return () => {
      this.written.oneLine -= 1;
      this.written.dedent();
    };
  }

  marked(open, close, spans) {
    // A nested mark of one kind would end the outer one.
    if (this.written.marks.some((mark) => mark.open === open)) return undefined;
    this.written.mark(open, close, spans);
    return () => this.written.unmark();
  }

  link(element) {
    const address = absolute(element, 'href');
    if (!address || /^(javascript|data):/i.test(address)) return undefined;
    return this.marked('[', `](${addressed(address)})`, true);
  }

  list(element, name) {
    const start = Number.parseInt(own.getAttribute(element, 'start') ?? '1', 10);
    this.lists.push({ next: name === 'ol' ? (Number.isSafeInteger(start) ? start : 1) : null });
    return () => this.lists.pop();
  }

  item() {
    const list = this.lists.at(-1);
    const number = list?.next ?? null;
    if (number !== null) list.next += 1;
    const first = number === null ? '- ' : `${number}. `;
    return this.tables.at(-1)?.inCell ? this.itemInCell(first) : this.indented(first);
  }

  // Cells cannot contain lines, only breaks.
  itemInCell(first) {
    const { written } = this;
    written.owedSpace = false;
    if (!written.atEdge) written.append('<br>');
    written.put(first.trimEnd());
    written.owedSpace = true;
    return undefined;
  }

  indented(first, rest) {
    if (this.written.oneLine > 0 || this.written.prefixes.length >= MOST_INDENTS) return undefined;
    this.written.indent(first, rest);
    return () => this.written.dedent();
  }

  // Marks cannot contain blocks.
  withoutMarks() {
    const { marks } = this.written;
    this.written.marks = [];
    return marks;
  }

  fenced(element) {
    const { written } = this;
    const shown = own.textContent(element).slice(0, written.most);
    const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1));
    const language = languageOf(element);
    if (shown.trim() === '') return undefined;
    const marks = this.withoutMarks();
    written.put(fence + language);
    written.endLine();
    return () => {
      written.owedLines = 1;
      written.put(fence);
      written.marks = marks;
    };
  }

  code(element) {
    const { written } = this;
    const shown = own.textContent(element).slice(0, written.most).replace(/\s+/g, ' ').trim();
    if (shown === '') return undefined;
    const fence = '`'.repeat(longestRun(shown) + 1);
    const space = shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
    const inCell = this.tables.at(-1)?.inCell;
    written.put(fence + space + (inCell ? inCells(shown) : shown) + space + fence);
    return undefined;
  }

  image(element) {
    const words = (own.getAttribute(element, 'alt') ?? '').slice(0, 1000).replace(/\s+/g, ' ').trim();
    const address = pictureOf(element);
    const isShort = address !== '' && !address.startsWith('data:');
    if (words !== '' || isShort) this.written.put(`![${escaped(words)}](${isShort ? addressed(address) : ''})`);
    return undefined;
  }

  rule() {
    if (this.written.oneLine > 0) return undefined;
    this.written.block(2);
    const marks = this.withoutMarks();
    this.written.put('---');
    this.written.marks = marks;
    this.written.block(2);
    return undefined;
  }

  // A layout table is read as its content.
  table(element) {
    const columns = this.written.oneLine === 0 && isData(element) ? columnsIn(element) : 0;
    this.tables.push(columns > 1 ? { columns, rows: 0, cells: 0, inCell: false } : null);
    const marks = columns > 1 ? this.withoutMarks() : this.written.marks;
    return () => {
      this.written.marks = marks;
      this.tables.pop();
    };
  }

  row() {
    const table = this.tables.at(-1);
    table.cells = 0;
    return () => {
      if (table.cells === 0) return;
      if (table.rows === 0) {
        this.cells(table, table.columns - table.cells);
        this.written.block(1);
        this.written.put(`|${' --- |'.repeat(table.columns)}`);
      }
      table.rows += 1;
    };
  }

  cell(element) {
    const { written } = this;
    const table = this.tables.at(-1);
    const empty = spanOf(element) - 1;
    const others = own.get(own.parentElement(element), 'cells').length - own.get(element, 'cellIndex') - 1;
    this.cells(table, 1, '');
    table.inCell = true;
    written.oneLine += 1;
    return () => {
      written.oneLine -= 1;
      table.inCell = false;
      written.owedSpace = false;
      written.append(' |');
      this.cells(table, Math.min(empty, table.columns - table.cells - others));
    };
  }

  // Empty cells, or the start of one.
  cells(table, count, end = ' |') {
    for (let index = 0; index < count && !this.written.truncated; index += 1) {
      if (table.cells === 0) this.written.put('|');
      table.cells += 1;
      this.written.append(end === '' ? ' ' : end);
      this.written.owedSpace = false;
      this.written.atEdge = true;
    }
  }
}

const spanOf = (cell) => Math.min(MOST_COLUMNS, Math.max(1, Number.parseInt(own.getAttribute(cell, 'colspan') ?? '1', 10) || 1));

// Whether a table with lists is a data table. A layout table has no header cells, or rows with different numbers of
// cells.
function isData(table) {
  if (own.querySelector(table, 'table, pre, blockquote, h1, h2, h3, h4, h5, h6, hr')) return false;
  if (!own.querySelector(table, 'ul, ol, menu') || own.querySelector(table, 'th, caption')) return true;
  const counts = [...own.get(table, 'rows')].slice(0, MOST_ROWS_COMPARED).map((row) => own.get(row, 'cells').length);
  return counts.length > 1 && counts.every((count) => count === counts[0]);
}

const isCellOfTable = (name) => name === 'td' || name === 'th';

function columnsIn(table) {
  let most = 0;
  let seen = 0;
  for (const row of own.get(table, 'rows')) {
    const { length } = own.get(row, 'cells');
    most = Math.max(most, length);
    seen += 1;
    if (seen === MOST_ROWS) break;
  }
  return Math.min(MOST_COLUMNS, most);
}

// The address of a picture. Lazily loaded pictures have it in an attribute of the page's own.
function pictureOf(image) {
  const src = absolute(image, 'src') ?? '';
  const isPlaceholder = src === '' || src.startsWith('data:');
  return (isPlaceholder ? absolute(image, 'data-src') ?? absolute(image, 'data-original') : null) ?? src;
}

// The language of a code block, as highlighters mark it.
function languageOf(pre) {
  const inside = own.querySelector(pre, 'code');
  const named = [pre, inside].map((each) => (each ? own.getAttribute(each, 'class') : null) ?? '').join(' ');
  return /(?:^|\s)(?:language|lang|highlight-source)-([\w+#.-]{1,30})/.exec(named)?.[1] ?? '';
}

function longestRun(text) {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

function addressed(address) {
  const plain = address.slice(0, 4096).replace(/\s/g, (space) => encodeURIComponent(space));
  return /[()<>]/.test(plain) ? plain.replace(/[()<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`) : plain;
}

// Escapes characters that have a meaning in Markdown.
function escaped(text, beginsLine = false) {
  const safe = text
    .replace(/[\\`*]|<(?=[a-z/!?])|~(?=~)|\](?=[([:])|(?<![\p{L}\p{N}_])_|_(?![\p{L}\p{N}_])/giu, '\\$&');
  if (!beginsLine) return safe;
  return safe.replace(/^(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|={3,}|-{3,})/, '\\$&').replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2');
}

const inCells = (text) => text.replace(/\|/g, '\\|');

function spelt(written, text) {
  written.words(text, escaped);
}

function speltInCell(written, text) {
  written.words(text, (words) => inCells(escaped(words)));
}

function speltInLines(written, text) {
  const lines = written.cut(text).split('\n');
  for (const [index, line] of lines.entries()) {
    if (index > 0) written.endLine('  ');
    spelt(written, line);
  }
}

function verbatim(written, text) {
  written.verbatim(text);
}
