// Which keys protect what: one name and one letter for each, so that colour is never the only sign.

export const LEVELS = {
    plain: { name: 'in the clear', letter: '–', text: 'Everybody on the path can read and change it.' },
    early: { name: 'early keys', letter: 'E', text: 'Keys of an earlier session: readable by the two ends, but it can be replayed.' },
    handshake: { name: 'handshake keys', letter: 'H', text: 'Keys of this key exchange: readable by whoever took part, who has yet to prove who it is.' },
    application: { name: 'application keys', letter: 'A', text: 'Keys of the finished handshake: both ends have proved what they saw.' },
};

export function levelOf(name) {
    return LEVELS[name] ?? LEVELS.plain;
}

export function levelName(entry) {
    const name = levelOf(entry.level).name;
    return entry.generation > 0 ? `${name}, update ${entry.generation}` : name;
}
