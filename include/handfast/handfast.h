/* Everything at once. */
#ifndef HANDFAST_HANDFAST_H
#define HANDFAST_HANDFAST_H

#include <handfast/config.h>
#include <handfast/conn.h>
#include <handfast/crypto.h>
#include <handfast/err.h>
#include <handfast/identity.h>
#include <handfast/inspect.h>
#include <handfast/op.h>
#include <handfast/replay.h>
#include <handfast/session.h>
#include <handfast/store.h>
#include <handfast/ticket.h>
#include <handfast/trace.h>
#include <handfast/trust.h>
#include <handfast/types.h>

#endif
