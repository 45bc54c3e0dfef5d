#include "support/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, NEEDLE_MAX = 256 };

/* Shadow memory of sanitizers is terabytes of nothing. */
static const size_t region_max = (size_t)1 << 30;

/* Where the pieces are read to; not searched itself. Static, so that the stack holds none of it. */
static uint8_t piece[PIECE + NEEDLE_MAX];

void scan_turn(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] ^= 0xff;
    }
}

static bool matches(const uint8_t *at, const uint8_t *turned, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((at[i] ^ turned[i]) != 0xff) {
            return false;
        }
    }
    return true;
}

static size_t find_in_region(int memory, uintptr_t from, uintptr_t to, const uint8_t *turned,
                             size_t n)
{
    size_t found = 0;
    const uintptr_t own = (uintptr_t)piece;
    for (uintptr_t at = from; at < to; at += PIECE) {
        const size_t want = to - at < PIECE + n - 1 ? to - at : PIECE + n - 1;
        const ssize_t got = pread(memory, piece, want, (off_t)at);
        for (size_t i = 0; got > 0 && i + n <= (size_t)got && i < PIECE; i++) {
            const bool is_piece = at + i + n > own && at + i < own + sizeof piece;
            found += !is_piece && matches(piece + i, turned, n);
        }
    }
    return found;
}

size_t scan_find(const uint8_t *turned, size_t n)
{
    static char line[512];
    size_t found = 0;
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    while (memory >= 0 && maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char *end = NULL;
        const uintptr_t from = strtoull(line, &end, 16);
        const uintptr_t to = *end == '-' ? strtoull(end + 1, &end, 16) : from;
        if (strncmp(end, " rw", 3) == 0 && to - from <= region_max) {
            found += find_in_region(memory, from, to, turned, n);
        }
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    if (memory >= 0) {
        (void)close(memory);
    }
    memset(piece, 0, sizeof piece);
    return found;
}

bool scan_works(void)
{
    uint8_t turned[32];
    for (size_t i = 0; i < sizeof turned; i++) {
        turned[i] = (uint8_t)(0xa0 ^ (i * 7));
    }
    uint8_t *plain = malloc(sizeof turned);
    if (plain == NULL) {
        return false;
    }
    memcpy(plain, turned, sizeof turned);
    scan_turn(plain, sizeof turned);
    __asm__ volatile("" : : "r"(plain) : "memory"); /* it is read, if not by a name */
    const bool works = scan_find(turned, sizeof turned) == 1;
    free(plain);
    return works;
}
