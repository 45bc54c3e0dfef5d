/* Manners towards libcrypto's error queue, which belongs to the thread and so to the host program.
 */
#include <openssl/err.h>

#include "x509/x509_int.h"

void x5_errors_begin(struct x5_errors *e)
{
    e->was_empty = ERR_peek_error() == 0;
    (void)ERR_set_mark();
}

bool x5_errors_end(const struct x5_errors *e)
{
    bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    /* Where all entries are ours each can be looked at; else the last one must do. */
    for (unsigned long code; e->was_empty && (code = ERR_get_error()) != 0;) {
        no_memory = no_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    if (e->was_empty) {
        ERR_clear_error();
    } else {
        (void)ERR_pop_to_mark();
    }
    return no_memory;
}

X509 *x5_decode(hf_span der, bool *no_memory)
{
    struct x5_errors errors;
    x5_errors_begin(&errors);
    const unsigned char *p = der.data;
    X509 *x509 = d2i_X509(NULL, &p, (long)der.len);
    *no_memory = x5_errors_end(&errors) && x509 == NULL;
    return x509;
}
