// Editors as their documentation sets them up, each in the element given, with two lines of old text. `show` is called with the
// lines the editor itself holds, whenever they change.
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { $createParagraphNode, $createTextNode, $getRoot, createEditor as createLexical } from 'lexical';
import { registerRichText } from '@lexical/rich-text';
import { createEmptyHistoryState, registerHistory } from '@lexical/history';
import { createEditor as createSlate, Node } from 'slate';
import { Editable, Slate, withReact } from 'slate-react';
import { baseKeymap } from 'prosemirror-commands';
import { keymap } from 'prosemirror-keymap';
import { schema } from 'prosemirror-schema-basic';
import { EditorState } from 'prosemirror-state';
import { EditorView as ProseMirror } from 'prosemirror-view';
import Quill from 'quill';
import { basicSetup, EditorView as CodeMirror6 } from 'codemirror';
import CodeMirror5 from 'codemirror5';

const OLD = ['old first', 'old second'];

function lexical(host, show) {
  host.contentEditable = 'true';
  const editor = createLexical({ namespace: 'test', onError: (error) => { throw error; } });
  registerRichText(editor);
  registerHistory(editor, createEmptyHistoryState(), 300);
  editor.registerUpdateListener(({ editorState }) => {
    editorState.read(() => show($getRoot().getChildren().map((each) => each.getTextContent())));
  });
  editor.setRootElement(host);
  editor.update(() => {
    $getRoot().clear().append(...OLD.map((text) => $createParagraphNode().append($createTextNode(text))));
  });
}

function slate(host, show) {
  function App() {
    const [editor] = useState(() => withReact(createSlate()));
    const initialValue = OLD.map((text) => ({ type: 'paragraph', children: [{ text }] }));
    const onChange = (value) => show(value.map((each) => Node.string(each)));
    return h(Slate, { editor, initialValue, onChange }, h(Editable, { placeholder: 'Write something' }));
  }
  createRoot(host).render(h(App));
  show(OLD);
}

function prosemirror(host, show) {
  const doc = schema.node('doc', null, OLD.map((text) => schema.node('paragraph', null, [schema.text(text)])));
  const view = new ProseMirror(host, {
    state: EditorState.create({ doc, plugins: [keymap(baseKeymap)] }),
    dispatchTransaction(transaction) {
      view.updateState(view.state.apply(transaction));
      const lines = [];
      view.state.doc.forEach((each) => lines.push(each.textContent));
      show(lines);
    },
  });
  show(OLD);
}

function quill(host, show) {
  const editor = new Quill(host, { theme: null });
  editor.on('text-change', () => show(editor.getText().replace(/\n$/, '').split('\n')));
  editor.setText(OLD.join('\n'));
}

function codemirror6(host, show, doc = OLD.join('\n')) {
  const told = CodeMirror6.updateListener.of(({ state }) => show(state.doc.toString().split('\n')));
  new CodeMirror6({ doc, extensions: [basicSetup, told], parent: host });
  show(doc.split('\n'));
}

// Its style sheet is not loaded: this is what its hidden field needs of it.
function codemirror5(host, show, inputStyle = 'textarea') {
  const style = document.createElement('style');
  style.textContent = '.CodeMirror { position: relative; height: 200px; overflow: hidden }';
  document.head.append(style);
  const editor = CodeMirror5(host, { value: OLD.join('\n'), inputStyle });
  editor.on('change', () => show(editor.getValue().split('\n')));
  show(OLD);
}

const editors = { lexical, slate, prosemirror, quill, codemirror6, codemirror5 };

export function edit(name, host, ...more) {
  editors[name](host, (lines) => { document.getElementById('log').textContent = lines.join(' / '); }, ...more);
}
