// What is dragged, as the documentation of each library sets it up, in the element given. `show` is called with the order, or
// with what was dropped, whenever that changes.
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { closestCenter, DndContext, PointerSensor, useSensor, useSensors } from '@dnd-kit/core';
import { arrayMove, SortableContext, useSortable, verticalListSortingStrategy } from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { DndProvider, useDrag, useDrop } from 'react-dnd';
import { HTML5Backend } from 'react-dnd-html5-backend';
import Sortable from 'sortablejs';

const NAMES = ['a', 'b', 'c', 'd'];
const ROW = { height: 40, width: 200, border: '1px solid', boxSizing: 'border-box', background: 'white', userSelect: 'none' };

export function sortable(host, show, options) {
  for (const name of NAMES) {
    const row = Object.assign(document.createElement('div'), { id: name, textContent: name });
    Object.assign(row.style, { ...ROW, height: '40px', width: '200px' });
    host.append(row);
  }
  Sortable.create(host, { animation: 150, onEnd: () => show([...host.children].map((each) => each.id).join(' ')), ...options });
}

function Item({ id }) {
  const { attributes, listeners, setNodeRef, transform, transition } = useSortable({ id });
  const style = { ...ROW, transform: CSS.Transform.toString(transform), transition };
  return h('div', { id, ref: setNodeRef, style, ...attributes, ...listeners }, id);
}

// `constraint`: what has to happen before a press is a drag.
export function dndKit(host, show, constraint) {
  function App() {
    const [items, setItems] = useState(NAMES);
    const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: constraint }));
    const onDragEnd = ({ active, over }) => {
      if (!over) return;
      const moved = arrayMove(items, items.indexOf(active.id), items.indexOf(over.id));
      setItems(moved);
      show(moved.join(' '));
    };
    const list = h(SortableContext, { items, strategy: verticalListSortingStrategy }, items.map((id) => h(Item, { key: id, id })));
    return h(DndContext, { sensors, collisionDetection: closestCenter, onDragEnd }, list);
  }
  createRoot(host).render(h(App));
}

function Card() {
  const [, ref] = useDrag({ type: 'card', item: { name: 'card' } });
  return h('div', { id: 'card', ref, style: ROW }, 'card');
}

function Bin({ show }) {
  const [{ over }, ref] = useDrop({ accept: 'card', drop: ({ name }) => show(`dropped ${name}`), collect: (each) => ({ over: each.isOver() }) });
  return h('div', { id: 'bin', ref, style: { ...ROW, height: 80, marginTop: 60 } }, over ? 'over' : 'bin');
}

export function reactDnd(host, show) {
  createRoot(host).render(h(DndProvider, { backend: HTML5Backend }, h(Card), h(Bin, { show })));
}
