/* The setters of resumption and early data. */
#include "base/status.h"
#include "config/config_int.h"
#include "session/state.h"

enum { TICKETS_MAX = 8, WINDOW_MAX_MS = 60000 };

hf_status hf_config_set_resumption(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_CLIENT, on, "the wish for sessions"));
    config->resumption = on;
    return HF_OK;
}

hf_status hf_config_set_reverify(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_CLIENT, on, "verifying a session's chain again"));
    config->reverify = on;
    return HF_OK;
}

hf_status hf_config_set_ticket_keys(hf_config *config, hf_ticket_keys *keys)
{
    TRY(config_begin_for(config, HF_SERVER, keys != NULL, "a ring of ticket keys"));
    hf_ticket_keys *const old = config->ticket_keys;
    config->ticket_keys = keys == NULL ? NULL : hf_ticket_keys_ref(keys);
    hf_ticket_keys_free(old);
    return HF_OK;
}

hf_status hf_config_set_session_store(hf_config *config, hf_session_store *store)
{
    TRY(config_begin_for(config, HF_SERVER, store != NULL, "a store of sessions"));
    hf_session_store *const old = config->session_store;
    config->session_store = store == NULL ? NULL : hf_session_store_ref(store);
    hf_session_store_free(old);
    return HF_OK;
}

hf_status hf_config_set_stateful(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_SERVER, on, "the storing of sessions"));
    config->stateful = on;
    return HF_OK;
}

hf_status hf_config_set_tickets(hf_config *config, unsigned count, uint32_t lifetime_s)
{
    TRY(config_begin_for(config, HF_SERVER, true, "the number of tickets"));
    if (count > TICKETS_MAX || lifetime_s < 1 || lifetime_s > SESSION_LIFETIME_MAX_S) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "%u tickets of %u seconds; at most %d, of 1 to %d seconds", count,
                         (unsigned)lifetime_s, TICKETS_MAX, SESSION_LIFETIME_MAX_S);
    }
    config->tickets = (uint8_t)count;
    config->ticket_lifetime_s = lifetime_s;
    return HF_OK;
}

hf_status hf_config_set_early_data(hf_config *config, uint32_t max, uint32_t window_ms)
{
    TRY(config_begin_for(config, HF_SERVER, max > 0, "a limit of early data"));
    if (max > 0 && (window_ms < 1 || window_ms > WINDOW_MAX_MS)) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "a freshness window of %u ms; it is 1 to %d", (unsigned)window_ms,
                         WINDOW_MAX_MS);
    }
    config->max_early_data = max;
    config->early_window_ms = window_ms;
    return HF_OK;
}

hf_status hf_config_set_replay_guard(hf_config *config, hf_replay_guard *guard)
{
    TRY(config_begin_for(config, HF_SERVER, guard != NULL, "a guard against replay"));
    hf_replay_guard *const old = config->replay_guard;
    config->replay_guard = guard == NULL ? NULL : hf_replay_guard_ref(guard);
    hf_replay_guard_free(old);
    return HF_OK;
}
