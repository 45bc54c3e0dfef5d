// The picture: two columns, time running down, an arrow for each message. A list of buttons lies over the
// arrows, so that keyboards and screen readers meet the same things in the same order.
import { bytesText, el, fill, svg, timeText } from './dom.js';
import { costOf, timesOf } from './clock.js';
import { layoutOf, positionAt, yOf } from './layout.js';
import { levelName, levelOf } from './level.js';

const LEFT = 12; // where the lifelines stand, in percent of the picture's width
const RIGHT = 88;

export function timelineView(store, model) {
    const picture = svg('svg', { class: 'arrows', 'aria-hidden': 'true', preserveAspectRatio: 'none' });
    const list = el('ol', { class: 'entries', 'aria-label': 'Messages in order of time' });
    const ticks = el('div', { class: 'ticks', 'aria-hidden': 'true' });
    const hand = el('div', { class: 'hand', role: 'slider', tabindex: 0, 'aria-orientation': 'vertical',
                             'aria-label': 'Place in time', 'aria-valuemin': 0,
                             'aria-valuemax': model.entries.length });
    const axis = el('div', { class: 'axis' }, ticks, hand);
    const stage = el('div', { class: 'stage' }, picture, list);
    const heads = columnHeads(model);
    const element = el('div', { class: 'timeline' }, heads.element, el('div', { class: 'canvas' }, axis, stage));
    const view = { store, model, picture, list, ticks, hand, axis, stage, layout: null, buttons: [], lines: [] };

    store.watch(['delay', 'tcp'], (state) => draw(view, state));
    store.watch(['position', 'selected'], (state) => {
        mark(view, state);
        heads.update(state);
    });
    drag(view);
    return { element };
}

function columnHeads(model) {
    const states = {};
    const columns = ['client', 'server'].map((end) => {
        const watched = model.document.ends?.[end];
        states[end] = el('span', { class: 'machine' });
        return el('div', { class: `column ${end}` }, el('b', { text: end }),
                  el('span', { class: 'address', text: watched?.address ?? (watched?.observed ? '' : 'not watched') }),
                  states[end]);
    });
    return {
        element: el('div', { class: 'columns' }, ...columns),
        update(state) {
            for (const end of ['client', 'server']) {
                states[end].textContent = stateOf(model, end, state.position);
            }
        },
    };
}

// The state that an end's machine was in when so many entries had happened.
export function stateOf(model, end, position) {
    const moves = model.document.states.filter((move) => move.end === end);
    if (moves.length === 0) {
        return '';
    }
    const next = model.entries[position];
    const until = position === 0 ? -1 : next === undefined ? Infinity : timeAt(next, end);
    const past = moves.filter((move) => move.at_ns < until);
    return past.length > 0 ? past.at(-1).to : moves[0].from;
}

function timeAt(entry, end) {
    return (entry.from === end ? entry.sent : entry.received) ?? entry.at;
}

function draw(view, state) {
    const { model } = view;
    const delay = state.delay > 0 ? state.delay : null;
    const times = timesOf(model, delay, state.tcp);
    view.layout = layoutOf(model, times, { delay: state.delay, withTcp: state.tcp });
    const { rows, ticks, tcp, height } = view.layout;
    view.stage.style.height = `${height}px`;
    view.axis.style.height = `${height}px`;
    view.picture.setAttribute('viewBox', `0 0 100 ${height}`);
    view.picture.setAttribute('height', height);
    view.lines = model.entries.map((entry, i) => arrow(entry, rows[i]));
    fill(view.picture, lifelines(height), tcp.map((row) => arrow({ from: row.from, level: 'plain', kind: 'tcp' }, row)),
         view.lines);
    fill(view.ticks, ticks.map((tick) => {
        const node = el('span', { class: 'tick', text: timeText(tick.ms) });
        node.style.top = `${tick.y}px`;
        return node;
    }));
    view.buttons = model.entries.map((entry, i) => entryButton(view, entry, rows[i], times[i]));
    fill(view.list, tcp.map(tcpLabel), view.buttons.map((button) => el('li', {}, button)));
    mark(view, state);
    view.store.set({ cost: costOf(model, times, state.tcp) });
}

function lifelines(height) {
    return [LEFT, RIGHT].map((x) => svg('line', { class: 'lifeline', x1: x, x2: x, y1: 0, y2: height }));
}

function arrow(entry, row) {
    const [x1, x2] = entry.from === 'client' ? [LEFT, RIGHT] : [RIGHT, LEFT];
    const back = x2 > x1 ? -1 : 1;
    return svg('g', { class: `arrow ${entry.level} ${entry.kind}` },
               svg('line', { x1, y1: row.y1, x2, y2: row.y2 }),
               svg('path', { class: 'head', d: `M${x2} ${row.y2}l${back * 1.6} -5l0 10z` }));
}

function tcpLabel(row) {
    const node = el('li', { class: 'tcp', text: row.name });
    node.style.top = `${(row.y1 + row.y2) / 2}px`;
    return node;
}

function entryButton(view, entry, row, time) {
    const level = levelOf(entry.level);
    const what = entry.kind === 'alert' ? isFatal(entry) ? ' (failure)' : ' (end)' : '';
    const spoken = `${what}, ${entry.from} to ${entry.from === 'client' ? 'server' : 'client'}, ${levelName(entry)}, sent at ${timeText(time.sent)}`;
    const button = el('button', {
        type: 'button', class: `entry ${entry.level} ${entry.kind}${isFatal(entry) ? ' fatal' : ''} from-${entry.from}`,
        data: { index: entry.index }, onclick: () => choose(view, entry.index),
    }, el('span', { class: `key ${entry.level}`, 'aria-hidden': 'true', text: level.letter }), el('span', { class: 'name', text: entry.name }),
       el('span', { class: 'size', text: bytesText(entry.size) }), el('span', { class: 'spoken', text: spoken }));
    button.style.top = `${(row.y1 + row.y2) / 2}px`;
    return button;
}

// close_notify and user_canceled end a connection in good order (RFC 9846, 6.1).
function isFatal(entry) {
    return entry.kind === 'alert' && ![0, 90].includes(entry.alert.description);
}

// A click shows the message as it was when it arrived.
function choose(view, index) {
    view.store.set({ selected: index, position: Math.max(view.store.get().position, index + 1), playing: false });
}

function mark(view, state) {
    if (!view.layout) {
        return;
    }
    view.buttons.forEach((button, i) => {
        button.classList.toggle('ahead', i >= state.position);
        button.classList.toggle('now', i === state.position - 1);
        button.classList.toggle('selected', i === state.selected);
        button.setAttribute('aria-current', i === state.selected ? 'true' : 'false');
        view.lines[i].classList.toggle('ahead', i >= state.position);
        view.lines[i].classList.toggle('selected', i === state.selected);
    });
    view.hand.style.top = `${yOf(view.layout.rows, state.position)}px`;
    view.hand.setAttribute('aria-valuenow', state.position);
    const entry = view.model.entries[state.position - 1];
    view.hand.setAttribute('aria-valuetext', entry ? `after ${entry.name} of the ${entry.from}` : 'before the first message');
}

// The hand follows the pointer over the axis, and the arrow keys.
function drag(view) {
    const go = (position) => {
        const bounded = Math.max(0, Math.min(view.model.entries.length, position));
        view.store.set({ position: bounded, playing: false, selected: bounded > 0 ? bounded - 1 : view.store.get().selected });
    };
    const follow = (event) => {
        const y = event.clientY - view.axis.getBoundingClientRect().top;
        go(positionAt(view.layout.rows, y));
    };
    view.axis.addEventListener('pointerdown', (event) => {
        view.axis.setPointerCapture(event.pointerId);
        view.hand.focus({ preventScroll: true });
        follow(event);
    });
    view.axis.addEventListener('pointermove', (event) => {
        if (view.axis.hasPointerCapture(event.pointerId)) {
            follow(event);
        }
    });
    view.hand.addEventListener('keydown', (event) => {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 5, PageUp: -5 }[event.key];
        const end = { Home: 0, End: view.model.entries.length }[event.key];
        if (step !== undefined || end !== undefined) {
            event.preventDefault();
            event.stopPropagation();
            go(end ?? view.store.get().position + step);
        }
    });
}
