/* Addresses as people write them: what is one, what is none, and what of it is host and port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/address.h"

const char *tool_name = "handfast";

struct good {
    const char *written, *host;
    int port; /* -1: none */
    bool is_literal;
};

static const struct good good[] = {
    {"www.example.com", "www.example.com", -1, false},
    {"www.example.com:443", "www.example.com", 443, false},
    {"192.0.2.1:0", "192.0.2.1", 0, true},
    {":65535", "", 65535, false},
    {"*:443", "", 443, false},
    {"2001:db8::1", "2001:db8::1", -1, true},
    {"[2001:db8::1]:443", "2001:db8::1", 443, true},
    {"[::1]", "::1", -1, true},
    {"fe80::1%eth0", "fe80::1%eth0", -1, true},
    {"[fe80::1%2]:443", "fe80::1%2", 443, true},
};

static void good_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct address a;
        struct trouble trouble = {0};
        assert_int_equal(address_parse("it", good[i].written, &a, &trouble), 0);
        assert_string_equal(a.host, good[i].host);
        assert_int_equal(a.has_port ? a.port : -1, good[i].port);
        assert_int_equal(a.is_literal, good[i].is_literal);
    }
}

static void bad_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[::1",        "[::1]443",  "[www.example.com]:443",
        "host:65536",  "host:44x",  "host: 443",
        "1:2:3",       "host%eth0", "fe80::1%",
        "fe80::1%a]b", "[::1%%]:1", "====e%]-",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct address a;
        struct trouble trouble = {0};
        assert_int_not_equal(address_parse("it", bad[i], &a, &trouble), 0);
        assert_non_null(strstr(trouble.sentence, bad[i]));
    }
    char long_name[ADDRESS_HOST_MAX + 1];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    struct address a;
    struct trouble trouble = {0};
    assert_int_not_equal(address_parse("it", long_name, &a, &trouble), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses),
        cmocka_unit_test(bad_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
