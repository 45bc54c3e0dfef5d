// When things happened, and when they would on a longer path.
//
// A recording holds the times that its watched ends measured. With a delay, each flight is sent when what
// it answers has come, after the time that the end took to think; each thing arrives one delay later.

export const NS = 1e6;

// Times in milliseconds for every entry: { sent, received }. delay: of one way, in ms; null: as measured.
export function timesOf(model, delay, withTcp = false) {
    const start = withTcp ? 2 * (delay ?? 0) : 0;
    const times = [];
    let flight = null;
    for (const entry of model.entries) {
        if (isAside(entry, flight)) {
            // change_cipher_spec is sent as soon as keys are there, in the middle of what the other end says.
            const sent = Math.max(flight.sent, ...times.slice(-1).map((time) => time.received));
            times.push({ sent, received: sent + (delay ?? measuredDelay(entry)) });
            continue;
        }
        if (flight === null || flight.from !== entry.from) {
            flight = beginFlight(entry, flight, times, start, delay === null);
        }
        const sent = Math.max(flight.sent + gapIn(flight, entry), flight.latest);
        flight.latest = sent;
        times.push({ sent, received: sent + (delay ?? measuredDelay(entry)) });
        flight.last = entry;
    }
    return times;
}

// What does not wait for anything, and nothing waits for it.
export function isAside(entry, flight) {
    return entry.kind === 'ccs' && flight !== null && flight.from !== entry.from;
}

function beginFlight(entry, before, times, start, asMeasured) {
    const answered = before === null ? start : times[before.last.index].received;
    const sent = before === null ? start : answered + thinking(before.last, entry, asMeasured);
    return { from: entry.from, first: entry, sent, latest: sent };
}

// What the end took from the last thing that it heard to the first that it said. An end that was not watched is timed
// by the other, with the path to it and back.
function thinking(heard, said, asMeasured) {
    if (heard.received !== null && said.sent !== null) {
        return Math.max(0, (said.sent - heard.received) / NS);
    }
    if (!asMeasured) {
        return 0;
    }
    // On the path (a capture) both are seen as they pass.
    const gap = heard.sent !== null && said.received !== null ? said.received - heard.sent
        : heard.sent !== null && said.sent !== null ? said.sent - heard.sent : 0;
    return Math.max(0, gap / NS);
}

function gapIn(flight, entry) {
    const at = (thing) => thing.sent ?? thing.received;
    return Math.max(0, (at(entry) - at(flight.first)) / NS);
}

function measuredDelay(entry) {
    return entry.sent !== null && entry.received !== null ? Math.max(0, (entry.received - entry.sent) / NS) : 0;
}

// What the path cost: round trips before the client may send data, and when each end was done.
export function costOf(model, times, withTcp = false) {
    const finished = model.entries.filter((entry) => entry.message?.type === 20);
    const mine = finished.find((entry) => entry.from === 'client');
    const theirs = finished.find((entry) => entry.from === 'server');
    let trips = 0;
    let from = null;
    const until = lastBeforeData(model, mine, theirs);
    for (const entry of model.entries.slice(0, until + 1).filter((candidate) => candidate.kind !== 'ccs')) {
        trips += from === 'client' && entry.from === 'server' ? 1 : 0;
        from = entry.from;
    }
    return {
        trips,
        total: trips + (withTcp ? 1 : 0),
        client: mine && theirs ? Math.max(times[mine.index].sent, times[theirs.index].received) : null,
        server: mine ? Math.max(times[mine.index].received, theirs ? times[theirs.index].sent : 0) : null,
        complete: Boolean(mine && theirs),
    };
}

// The client may send data when it has said its Finished and heard the server's.
function lastBeforeData(model, mine, theirs) {
    return mine && theirs ? Math.max(mine.index, theirs.index) : model.entries.length - 1;
}
