// Text that grows up to a bound: white space as a browser shows it, lines that are owed but not yet written, what stands at the
// start of each line, and marks (`**`, `[`) that are written with the first word between them, so that none stands around nothing.

// Empty lines in a row that are kept.
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
    this.atEdge = true; // a space here would not be seen
    this.prefixes = []; // of each line: {first, rest, used}
    this.marks = []; // {open, close, isOpen, spans}
    this.oneLine = 0; // within what cannot hold a line break
    this.gaps = []; // {element, at, prefix, line}
  }

  // As far as the first gap.
  text() {
    if (this.gaps.length === 0) return this.parts.join('').trim();
    return this.parts.slice(0, this.gaps[0].at).join('').trimStart();
  }

  // Leaves a place for what is written elsewhere.
  gap(element) {
    this.block(2);
    const prefix = this.prefixes.map(({ rest }) => rest).join('');
    this.gaps.push({ element, at: this.parts.length, prefix, line: this.oneLine > 0 });
  }

  // How each gap is to be filled, and what comes after it.
  gapsTold() {
    return this.gaps.map(({ at, prefix, line }, index) => {
      return { prefix, line, after: this.parts.slice(at, this.gaps[index + 1]?.at).join('') };
    });
  }

  // Adds as it is what may be added.
  append(text) {
    const room = this.most - this.length;
    if (text.length > room) this.truncated = true;
    const added = text.length > room ? text.slice(0, room) : text;
    this.parts.push(added);
    this.length += added.length;
  }

  // Adds something that is seen: what is owed before it comes first.
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

  // Words, their white space collapsed; `as` is how they are spelt, told whether they begin a line.
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

  // No more than could be kept, however much there is.
  cut(text) {
    const room = this.most - this.length;
    if (text.length <= room) return text;
    this.append(text.slice(0, room)); // nothing comes after it
    this.truncated = true;
    return '';
  }

  // What comes next begins a line, after an empty one if `lines` is 2.
  block(lines) {
    if (this.oneLine > 0) this.owedSpace = true;
    else {
      this.closeMarks();
      this.owedLines = Math.max(this.owedLines, lines);
    }
  }

  // A line ends here, however many have ended already. `before` stands at its end.
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

  // What is put until `dedent` has this before its first line and before its others.
  indent(first, rest = ' '.repeat(first.length)) {
    this.prefixes.push({ first, rest, used: false });
  }

  dedent() {
    this.prefixes.pop();
  }

  // What is put until `unmark` stands between these; with `spans` also across lines.
  mark(open, close, spans = false) {
    this.marks.push({ open, close, isOpen: false, spans });
    if (spans) this.oneLine += 1;
  }

  unmark() {
    const { close, isOpen, spans } = this.marks.pop();
    if (isOpen) this.append(close);
    if (spans) this.oneLine -= 1;
  }

  // Marks do not reach across lines: they are written anew after them.
  closeMarks() {
    for (const mark of this.marks.toReversed()) {
      if (mark.isOpen) this.append(mark.close);
      mark.isOpen = false;
    }
  }
}

const PARAGRAPHS = new Set(['p', 'ul', 'ol', 'dl', 'pre', 'blockquote', 'table', 'figure', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
const INLINE = /^(inline|contents|ruby|none)/;

// How many line breaks stand around an element.
function linesAround(name, style) {
  if (PARAGRAPHS.has(name)) return 2;
  return INLINE.test(style.display) ? 0 : 1;
}

const keepsLines = (style) => /^(preserve|break)/.test(style.whiteSpaceCollapse);

class TextWriter {
  constructor(written) {
    this.written = written;
    this.kept = [false]; // whether white space is kept, of each open element
  }

  text(text) {
    if (this.kept.at(-1)) this.written.verbatim(text);
    else this.written.words(text);
  }

  lineBreak() {
    this.written.endLine();
  }

  // Begins an element; how to leave it.
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
