// What a browser has and an older node (18) lacks.
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;
