// Bounded text output. White space is collapsed as in a browser. Line breaks are recorded and written before the next
// word, and each line has a prefix. Marks (`**`, `[`) are written with the first word between them, so that none is
// empty.

// Maximum number of consecutive empty lines.
const MOST_OWED = 100;

class Written {
  constructor(most) {
    this.most = most;
    this.length = 0;
    this.truncated = false;
    this.parts = [];
    this.owedLines = 0;
    this.owedSpace = false;
    this.owedBreak = '';
    this.atEdge = true; // a space at this position would not be visible
    this.prefixes = []; // for each line prefix: {first, rest, used}
    this.marks = []; // {open, close, isOpen, spans}
    this.oneLine = 0; // depth of elements that cannot contain line breaks
    this.gaps = []; // {element, at, prefix, line}
  }

  // The text up to the first gap.
  text() {
    if (this.gaps.length === 0) return this.parts.join('').trim();
    return this.parts.slice(0, this.gaps[0].at).join('').trimStart();
  }

  // Leaves a gap for text that is written elsewhere.
  gap(element) {
    this.block(2);
    const prefix = this.prefixes.map(({ rest }) => rest).join('');
    this.gaps.push({ element, at: this.parts.length, prefix, line: this.oneLine > 0 });
  }

  // For each gap, how it must be filled and the text after it.
  gapsTold() {
    return this.gaps.map(({ at, prefix, line }, index) => {
      return { prefix, line, after: this.parts.slice(at, this.gaps[index + 1]?.at).join('') };
    });
  }

  // Appends the text unchanged, as far as the bound allows.
  append(text) {
    const room = this.most - this.length;
    if (text.length > room) this.truncated = true;
    const added = text.length > room ? text.slice(0, room) : text;
    this.parts.push(added);
    this.length += added.length;
  }

  // Writes visible text, preceded by pending line breaks and marks.
  put(text) {
    this.payLines();
    if (this.owedSpace && !this.atEdge) this.append(' ');
    this.owedSpace = false;
    for (const mark of this.marks) {
      if (!mark.isOpen) this.append(mark.open);
      mark.isOpen = true;
    }
    this.append(text);
    this.atEdge = false;
  }

  // Words with collapsed white space. `as` spells them, and is told whether they begin a line.
  words(text, as = (words) => words) {
    const collapsed = this.cut(text).replace(/[ \t\n\r\f]+/g, ' ');
    const words = collapsed.replace(/^ | $/g, '');
    if (collapsed.startsWith(' ')) this.owedSpace = true;
    if (words === '') return;
    this.put(as(words, this.oneLine === 0 && (this.owedLines > 0 || this.length === 0)));
    if (collapsed.endsWith(' ')) this.owedSpace = true;
  }

  // Text whose lines and spaces are kept.
  verbatim(text, as = (line) => line) {
    const lines = this.cut(text).replace(/\r\n?/g, '\n').split('\n');
    for (const [index, line] of lines.entries()) {
      if (index > 0) this.endLine();
      if (line !== '') this.put(as(line));
    }
  }

  // The text, cut to the maximum that could be kept.
  cut(text) {
    const room = this.most - this.length;
    if (text.length <= room) return text;
    this.append(text.slice(0, room)); // nothing can be added after it
    this.truncated = true;
    return '';
  }

  // The next text begins a line, after an empty one if `lines` is 2.
  block(lines) {
    if (this.oneLine > 0) this.owedSpace = true;
    else {
      this.closeMarks();
      this.owedLines = Math.max(this.owedLines, lines);
    }
  }

  // Ends a line, even if others have just ended. `before` is written at its end.
  endLine(before = '') {
    if (this.oneLine > 0) this.owedSpace = true;
    else {
      this.owedLines = Math.min(this.owedLines + 1, MOST_OWED);
      this.owedBreak = before;
    }
  }

  payLines() {
    const isFirst = this.length === 0;
    if (this.owedLines === 0 && !isFirst) return;
    if (!isFirst) {
      const empty = this.prefixes.map(({ rest, used }) => (used ? rest : '')).join('').trimEnd();
      this.append(this.owedLines === 1 ? `${this.owedBreak}\n` : `\n${`${empty}\n`.repeat(this.owedLines - 1)}`);
    }
    this.owedLines = 0;
    this.owedBreak = '';
    let start = '';
    for (const prefix of this.prefixes) {
      start += prefix.used ? prefix.rest : prefix.first;
      prefix.used = true;
    }
    this.append(start);
    this.atEdge = true;
  }

  // Sets a prefix for the first line and one for the other lines, until `dedent`.
  indent(first, rest = ' '.repeat(first.length)) {
    this.prefixes.push({ first, rest, used: false });
  }

  dedent() {
    this.prefixes.pop();
  }

  // Encloses the text until `unmark` in these marks; with `spans` also across lines.
  mark(open, close, spans = false) {
    this.marks.push({ open, close, isOpen: false, spans });
    if (spans) this.oneLine += 1;
  }

  unmark() {
    const { close, isOpen, spans } = this.marks.pop();
    if (isOpen) this.append(close);
    if (spans) this.oneLine -= 1;
  }

  // Marks cannot span lines, so they are written again in the next line.
  closeMarks() {
    for (const mark of this.marks.toReversed()) {
      if (mark.isOpen) this.append(mark.close);
      mark.isOpen = false;
    }
  }
}

const PARAGRAPHS = new Set(['p', 'ul', 'ol', 'dl', 'pre', 'blockquote', 'table', 'figure', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
const INLINE = /^(inline|contents|ruby|none)/;

// The number of line breaks around an element.
function linesAround(name, style) {
  if (PARAGRAPHS.has(name)) return 2;
  return INLINE.test(style.display) ? 0 : 1;
}

const keepsLines = (style) => /^(preserve|break)/.test(style.whiteSpaceCollapse);

class TextWriter {
  constructor(written) {
    this.written = written;
    this.kept = [false]; // whether white space is kept, for each open element
  }

  text(text) {
    if (this.kept.at(-1)) this.written.verbatim(text);
    else this.written.words(text);
  }

  lineBreak() {
    this.written.endLine();
  }

  // Begins an element and returns how to end it.
  enter(element, name, style) {
    const { written } = this;
    if (name === 'img') return this.image(element);
    const isCell = name === 'td' || name === 'th';
    const lines = isCell ? 0 : linesAround(name, style);
    if (isCell && own.get(element, 'previousElementSibling')) this.cell();
    if (lines > 0) written.block(lines);
    this.kept.push(keepsLines(style));
    return () => {
      this.kept.pop();
      if (lines > 0) written.block(lines);
    };
  }

  image(element) {
    this.written.words(own.getAttribute(element, 'alt') ?? '');
  }

  cell() {
    this.written.put('\t');
    this.written.atEdge = true;
  }
}
