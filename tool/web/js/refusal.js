// What a receiver may find wrong, with the alert that it sends then (RFC 9846, 6.2). The names are those of
// include/handfast/err.def.

const ALERTS = {
    RECORD_AUTH: 'bad_record_mac', RECORD_SHORT: 'bad_record_mac', RECORD_TYPE_UNKNOWN: 'unexpected_message',
    RECORD_TOO_LONG: 'record_overflow', RECORD_EMPTY: 'unexpected_message', RECORD_PLAIN_AFTER_KEYS: 'unexpected_message',
    CCS_UNEXPECTED: 'unexpected_message', ALERT_MALFORMED: 'decode_error', DECODE: 'decode_error', DECODE_EXTENSION: 'decode_error',
    MESSAGE_TOO_LONG: 'illegal_parameter', UNEXPECTED_MESSAGE: 'unexpected_message', UNKNOWN_MESSAGE: 'unexpected_message',
    KEY_CHANGE_MID_MESSAGE: 'unexpected_message', DUPLICATE_EXTENSION: 'illegal_parameter',
    UNSOLICITED_EXTENSION: 'unsupported_extension', MISPLACED_EXTENSION: 'illegal_parameter',
    MISSING_EXTENSION: 'missing_extension', PSK_NOT_LAST: 'illegal_parameter', NO_COMMON_VERSION: 'protocol_version',
    NO_COMMON_SUITE: 'handshake_failure', NO_COMMON_GROUP: 'handshake_failure', NO_COMMON_SIGNATURE: 'handshake_failure',
    SERVER_NAME_INVALID: 'illegal_parameter', NO_APPLICATION_PROTOCOL: 'no_application_protocol',
    ALPN_NOT_OFFERED: 'illegal_parameter', VERSION_NOT_OFFERED: 'illegal_parameter', SUITE_NOT_OFFERED: 'illegal_parameter',
    SUITE_CHANGED: 'illegal_parameter', GROUP_NOT_OFFERED: 'illegal_parameter', GROUP_CHANGED: 'illegal_parameter',
    RETRY_POINTLESS: 'illegal_parameter', HELLO_CHANGED: 'illegal_parameter', COOKIE_INVALID: 'illegal_parameter',
    LEGACY_VERSION: 'protocol_version', SESSION_ID_ECHO: 'illegal_parameter', COMPRESSION_OFFERED: 'illegal_parameter',
    COMPRESSION_CHOSEN: 'illegal_parameter', RENEGOTIATION_INFO: 'handshake_failure', DOWNGRADE: 'illegal_parameter', KEY_SHARE_MISMATCH: 'illegal_parameter',
    KEY_SHARE_INVALID: 'illegal_parameter', KEY_SHARE_WRONG_GROUP: 'illegal_parameter',
    RECORD_SIZE_LIMIT_INVALID: 'illegal_parameter', PSK_BINDER: 'decrypt_error', PSK_LISTS_DIFFER: 'illegal_parameter',
    PSK_MODES_MISSING: 'missing_extension', PSK_INDEX: 'illegal_parameter', PSK_WITHOUT_DHE: 'illegal_parameter', PSK_WITH_DHE: 'illegal_parameter', PSK_MODE: 'handshake_failure',
    CERTIFICATE_EMPTY: 'decode_error', CERTIFICATE_REQUIRED: 'certificate_required', CERTIFICATE_CONTEXT: 'illegal_parameter',
    CERTIFICATE_SIGNATURE: 'bad_certificate', CERTIFICATE_STATUS: 'bad_certificate_status_response',
    CERTIFICATE_ALGORITHM: 'illegal_parameter', CERTIFICATE_VERIFY: 'decrypt_error',
    CERTIFICATE_DECOMPRESS: 'bad_certificate', CERTIFICATE_COMPRESSION_NOT_OFFERED: 'illegal_parameter',
    MESSAGE_INTERLEAVED: 'unexpected_message', CCS_EARLY: 'unexpected_message', SESSION_SUITE: 'illegal_parameter', SESSION_EMS: 'handshake_failure', COMPRESSION_REQUIRED: 'illegal_parameter', EMS_REQUIRED: 'handshake_failure',
    RENEGOTIATION_UNSAFE: 'handshake_failure', POINT_FORMATS: 'illegal_parameter', CURVE_TYPE: 'illegal_parameter',
    DH_GROUP: 'insufficient_security', SESSION_NOT_OFFERED: 'illegal_parameter', KEY_EXCHANGE_ALGORITHM: 'illegal_parameter',
    KEY_EXCHANGE_SIGNATURE: 'decrypt_error', CERTIFICATE_MISSING: 'handshake_failure',
    FINISHED: 'decrypt_error', KEY_UPDATE_VALUE: 'illegal_parameter', EARLY_DATA_AFTER_RETRY: 'illegal_parameter',
};

export class Refusal extends Error {
    constructor(code, detail = '', possible = []) {
        super(detail);
        this.code = code;
        this.alert = ALERTS[code] ?? 'internal_error';
        // Other alerts that a receiver may send instead, where this page cannot know which.
        this.possible = possible;
    }
}

export function alertOf(code) {
    return ALERTS[code] ?? null;
}
