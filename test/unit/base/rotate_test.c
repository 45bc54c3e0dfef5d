/* The rotating handle: references are neither lost nor doubled, alone and under concurrent
 * replacement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/rotate.h"

enum { READERS = 3, WRITERS = 2, READS = 20000, REPLACEMENTS = 2000, ALIVE = 0x600d };

struct thing {
    struct ref ref;
    int state;
};

static atomic_int living;

static struct ref *thing_new(void)
{
    struct thing *t = malloc(sizeof *t);
    assert_non_null(t);
    ref_init(&t->ref);
    t->state = ALIVE;
    atomic_fetch_add(&living, 1);
    return &t->ref;
}

static void thing_free(struct ref *r)
{
    if (r != NULL && ref_drop(r)) {
        ((struct thing *)r)->state = 0;
        free(r);
        atomic_fetch_sub(&living, 1);
    }
}

static void test_reads_and_replaces(void **state)
{
    (void)state;
    struct rotate r;
    struct ref *first = thing_new();
    rotate_init(&r, first);
    struct ref *held = rotate_read(&r);
    assert_ptr_equal(held, first);
    assert_int_equal(atomic_load(&first->count), 2);

    struct ref *second = thing_new();
    assert_ptr_equal(rotate_replace(&r, second), first);
    thing_free(first);
    assert_int_equal(((struct thing *)held)->state, ALIVE); /* held by its reader alone */
    thing_free(held);
    assert_int_equal(atomic_load(&living), 1);
    thing_free(rotate_replace(&r, NULL));
    assert_int_equal(atomic_load(&living), 0);
}

static void test_empty_handle_reads_null(void **state)
{
    (void)state;
    struct rotate r;
    rotate_init(&r, NULL);
    assert_null(rotate_read(&r));
    assert_null(rotate_replace(&r, NULL));
}

static void *read_often(void *arg)
{
    size_t bad = 0;
    for (int i = 0; i < READS; i++) {
        struct ref *got = rotate_read(arg);
        bad += got == NULL || ((struct thing *)got)->state != ALIVE;
        thing_free(got);
    }
    return (void *)(uintptr_t)bad;
}

static void *replace_often(void *arg)
{
    for (int i = 0; i < REPLACEMENTS; i++) {
        thing_free(rotate_replace(arg, thing_new()));
    }
    return NULL;
}

static void test_concurrent_replace(void **state)
{
    (void)state;
    struct rotate r;
    rotate_init(&r, thing_new());
    pthread_t readers[READERS], writers[WRITERS];
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_often, &r), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, replace_often, &r), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    }
    for (int i = 0; i < READERS; i++) {
        void *bad = NULL;
        assert_int_equal(pthread_join(readers[i], &bad), 0);
        assert_null(bad);
    }
    assert_int_equal(atomic_load(&living), 1);
    thing_free(rotate_replace(&r, NULL));
    assert_int_equal(atomic_load(&living), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_replaces),
        cmocka_unit_test(test_empty_handle_reads_null),
        cmocka_unit_test(test_concurrent_replace),
    };
    return cmocka_run_group_tests_name("rotate", tests, NULL, NULL);
}
