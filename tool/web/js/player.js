// Play, pause, step, speed, and the delay of the path.
import { el, fill, svg, timeText } from './dom.js';

const SPEEDS = [0.5, 1, 2, 4];
const STEP_MS = 900;
// The slider's marks: one way, in milliseconds. 0: as it was measured.
export const DELAYS = [0, 1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400];
const PLACES = { 0: 'as measured', 1: 'one building', 5: 'one city', 20: 'one country', 50: 'across an ocean',
                 150: 'around the world', 300: 'by satellite' };

// Drawn, because not every font has these signs.
const ICONS = {
    first: 'M3 3h2v10H3zM13 3v10L6 8z', back: 'M11 3v10L4 8z', play: 'M4 2.5v11L13 8z', pause: 'M4 3h3v10H4zM9 3h3v10H9z',
    forward: 'M5 3v10l7-5z', last: 'M3 3v10l7-5zM11 3h2v10h-2z',
};

function icon(name) {
    return svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' }, svg('path', { d: ICONS[name] }));
}

export function step(store, model, by) {
    const position = Math.max(0, Math.min(model.entries.length, store.get().position + by));
    store.set({ position, playing: false, selected: Math.max(0, position - 1) });
}

export function goTo(store, model, position) {
    step(store, model, position - store.get().position);
}

export function togglePlay(store, model) {
    const state = store.get();
    if (!state.playing && state.position >= model.entries.length) {
        store.set({ position: 0 });
    }
    store.set({ playing: !state.playing });
}

export function playerView(store, model) {
    const button = (label, id, action) =>
        el('button', { type: 'button', class: 'transport', id, 'aria-label': label, title: label, onclick: action }, icon(id));
    const play = button('Play', 'play', () => togglePlay(store, model));
    const speed = el('select', { 'aria-label': 'Speed', id: 'speed', onchange: (event) => store.set({ speed: Number(event.target.value) }) },
                     SPEEDS.map((value) => el('option', { value: String(value), text: `${value}×` })));
    speed.value = '1';
    const place = el('output', { class: 'count', 'aria-live': 'off' });
    const buttons = el('div', { class: 'buttons' },
                       button('To the beginning', 'first', () => goTo(store, model, 0)),
                       button('One step back', 'back', () => step(store, model, -1)), play,
                       button('One step forward', 'forward', () => step(store, model, 1)),
                       button('To the end', 'last', () => goTo(store, model, model.entries.length)), speed, place);
    const element = el('div', { class: 'player', role: 'group', 'aria-label': 'Player' }, buttons, delaySlider(store));
    store.watch(['playing'], (state) => {
        fill(play, icon(state.playing ? 'pause' : 'play'));
        play.setAttribute('aria-label', state.playing ? 'Pause' : 'Play');
    });
    store.watch(['position'], (state) => { place.textContent = `${state.position} / ${model.entries.length}`; });
    run(store, model);
    return { element };
}

function run(store, model) {
    let timer = null;
    store.watch(['playing', 'speed'], (state) => {
        clearInterval(timer);
        timer = state.playing ? setInterval(() => advance(store, model), STEP_MS / state.speed) : null;
    });
}

function advance(store, model) {
    const { position } = store.get();
    if (position >= model.entries.length) {
        store.set({ playing: false });
        return;
    }
    store.set({ position: position + 1, selected: position });
}

function delaySlider(store) {
    const name = el('output', { class: 'delay-name', for: 'delay' });
    const cost = el('p', { class: 'cost', id: 'cost' });
    const slider = el('input', { type: 'range', id: 'delay', min: 0, max: DELAYS.length - 1, step: 1, value: '0',
                                 oninput: (event) => store.set({ delay: DELAYS[Number(event.target.value)] }) });
    const tcp = el('input', { type: 'checkbox', id: 'tcp', onchange: (event) => store.set({ tcp: event.target.checked }) });
    store.watch(['delay'], (state) => {
        const near = Object.keys(PLACES).map(Number).filter((ms) => ms <= state.delay).at(-1);
        name.textContent = state.delay === 0 ? PLACES[0] : `${state.delay} ms one way · ${PLACES[near]}`;
        slider.setAttribute('aria-valuetext', name.textContent);
    });
    store.watch(['cost', 'delay'], (state) => fill(cost, costText(state)));
    return el('div', { class: 'delay' },
              el('div', { class: 'delay-row' }, el('label', { for: 'delay', text: 'Path delay' }), slider, name,
                 el('label', { class: 'check' }, tcp, 'with TCP')), cost);
}

function costText(state) {
    if (!state.cost) {
        return '';
    }
    const trips = (count) => `${count} round trip${count === 1 ? '' : 's'}`;
    const path = state.tcp ? `${trips(state.cost.total)} (one of them TCP’s)` : trips(state.cost.trips);
    if (!state.cost.complete) {
        return `${path} until it ended.`;
    }
    return `${path}: the client may send after ${timeText(state.cost.client)}, the server knows the client’s part after ` +
        `${timeText(state.cost.server)}.`;
}
