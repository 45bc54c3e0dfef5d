// The state of the page: one object, changed by set, seen by whoever subscribed.

export function createStore(initial) {
    let state = { ...initial };
    const listeners = new Set();
    return {
        get: () => state,
        set(patch) {
            const before = state;
            const changed = Object.keys(patch).filter((key) => before[key] !== patch[key]);
            if (changed.length === 0) {
                return;
            }
            state = { ...before, ...patch };
            for (const listener of [...listeners]) {
                listener(state, new Set(changed));
            }
        },
        // Called at once, and then whenever one of the keys changes.
        watch(keys, listener) {
            const wrapped = (now, changed) => {
                if (keys.some((key) => changed.has(key))) {
                    listener(now);
                }
            };
            listeners.add(wrapped);
            listener(state);
            return () => listeners.delete(wrapped);
        },
    };
}
