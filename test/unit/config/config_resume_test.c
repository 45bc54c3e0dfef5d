#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/config.h"

static void defaults(void **state)
{
    (void)state;
    hf_config *config = hf_config_new(HF_SERVER, NULL);
    assert_false(config->resumption);
    assert_null(config->ticket_keys);
    assert_null(config->replay_guard);
    assert_null(config->session_store);
    assert_false(config->stateful);
    assert_int_equal(config->tickets, 2);
    assert_int_equal(config->ticket_lifetime_s, 7200);
    assert_int_equal(config->max_early_data, 0);
    hf_config_free(config);
}

static void only_what_the_role_has(void **state)
{
    (void)state;
    hf_config *client = hf_config_new(HF_CLIENT, NULL);
    hf_config *server = hf_config_new(HF_SERVER, NULL);
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_config_set_resumption(client, true), HF_OK);
    assert_true(client->resumption);
    assert_int_equal(hf_config_set_resumption(server, true), HF_FAILED);
    assert_int_equal(hf_config_set_ticket_keys(client, keys), HF_FAILED);
    assert_int_equal(hf_config_set_tickets(client, 1, 60), HF_FAILED);
    assert_int_equal(hf_config_set_early_data(client, 1, 1000), HF_FAILED);
    assert_int_equal(hf_config_error(client)->code, HF_E_CONFIG_VALUE);
    /* Its own reference, and none for what takes its place. */
    assert_int_equal(hf_config_set_ticket_keys(server, keys), HF_OK);
    hf_ticket_keys_free(keys);
    assert_ptr_equal(server->ticket_keys, keys);
    assert_int_equal(hf_config_set_ticket_keys(server, NULL), HF_OK);
    assert_null(server->ticket_keys);
    hf_session_store *store = hf_session_store_new(NULL);
    assert_int_equal(hf_config_set_session_store(client, store), HF_FAILED);
    assert_int_equal(hf_config_set_stateful(client, true), HF_FAILED);
    assert_int_equal(hf_config_set_session_store(server, store), HF_OK);
    hf_session_store_free(store);
    assert_ptr_equal(server->session_store, store);
    assert_int_equal(hf_config_set_session_store(server, NULL), HF_OK);
    assert_null(server->session_store);
    hf_config_free(client);
    hf_config_free(server);
}

static void values_have_borders(void **state)
{
    (void)state;
    hf_config *config = hf_config_new(HF_SERVER, NULL);
    static const struct {
        unsigned count;
        uint32_t lifetime_s;
        hf_status status;
    } rows[] = {{0, 1, HF_OK},
                {8, 604800, HF_OK},
                {9, 7200, HF_FAILED},
                {1, 604801, HF_FAILED},
                {1, 0, HF_FAILED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hf_config_set_tickets(config, rows[i].count, rows[i].lifetime_s),
                         rows[i].status);
    }
    assert_int_equal(config->tickets, 8); /* what fails changes nothing */
    assert_int_equal(config->ticket_lifetime_s, 604800);
    assert_int_equal(hf_config_set_early_data(config, 100, 0), HF_FAILED);
    assert_int_equal(hf_config_set_early_data(config, 100, 60001), HF_FAILED);
    assert_int_equal(config->max_early_data, 0);
    assert_int_equal(hf_config_set_early_data(config, 100, 60000), HF_OK);
    assert_int_equal(config->max_early_data, 100);
    assert_int_equal(hf_config_set_early_data(config, 0, 0), HF_OK);
    hf_config_free(config);
}

/* RFC 9846, 8: no early data without somebody who remembers. */
static void early_data_needs_a_guard(void **state)
{
    (void)state;
    hf_config *config = hf_config_new(HF_SERVER, NULL);
    assert_int_equal(hf_config_external_ops(config, HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)), HF_OK);
    assert_int_equal(hf_config_set_early_data(config, 100, 1000), HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_VALUE);
    const hf_strike_params params = {.size = sizeof params, .bytes = 1024};
    hf_replay_guard *guard = hf_strike_register_new(&params);
    assert_int_equal(hf_config_set_replay_guard(config, guard), HF_OK);
    hf_replay_guard_free(guard);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    hf_config_free(config);
}

/* Sessions that are stored are good once, which is a memory too; sealed ones are not. */
static void a_store_is_a_guard_for_what_it_stores(void **state)
{
    (void)state;
    static const struct {
        bool keys, stateful;
        hf_status status;
    } rows[] = {{false, false, HF_OK}, {true, true, HF_OK}, {true, false, HF_FAILED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hf_config *config = hf_config_new(HF_SERVER, NULL);
        hf_session_store *store = hf_session_store_new(NULL);
        hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
        assert_int_equal(hf_config_external_ops(config, HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)), HF_OK);
        assert_int_equal(hf_config_set_early_data(config, 100, 1000), HF_OK);
        assert_int_equal(hf_config_set_session_store(config, store), HF_OK);
        assert_int_equal(hf_config_set_ticket_keys(config, rows[i].keys ? keys : NULL), HF_OK);
        assert_int_equal(hf_config_set_stateful(config, rows[i].stateful), HF_OK);
        assert_int_equal(hf_config_freeze(config), rows[i].status);
        hf_ticket_keys_free(keys);
        hf_session_store_free(store);
        hf_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(only_what_the_role_has),
        cmocka_unit_test(values_have_borders),
        cmocka_unit_test(early_data_needs_a_guard),
        cmocka_unit_test(a_store_is_a_guard_for_what_it_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
