// ipc/wrong/ignored.c: an outcome that nobody looks at, a case for each call that a service makes of
// the client library. Each is compiled alone, by ipc:ignored_compile_fail_test.
#include "ipc/asks.h"
#include "ipc/block_client.h"
#include "ipc/boot_route.h"
#include "ipc/bulk_fill.h"
#include "ipc/bulk_sealed.h"
#include "ipc/bulk_views.h"
#include "ipc/ready.h"
#include "ipc/ring.h"
#include "ipc/server.h"
#include "ipc/timed_client.h"

// What there is to call with.
struct caller {
    struct ipc_client client;
    struct ipc_request request;
    struct ipc_question question;
    struct ipc_sent sent;
    struct ipc_grantee grantee;
    struct ipc_asks asks;
    struct block_client disk;
    struct bulk_window window;
    struct bulk_view view;
    struct bulk_views views;
    struct block_item item;
    struct bulk_sealed sealed;
    struct bulk_blank blank;
    struct bulk_fill fill;
    struct ring_writer writer;
    struct ring_reader reader;
    struct budget budget;
    struct inbox inbox;
    struct ipc_server server;
    struct ipc_exchange exchange;
    struct timed_message timed;
    struct slot slot;
    uint64_t message[WIRE_MESSAGE_BYTES_MAX / 8];
};

void call(struct caller *c, struct deadline deadline, struct runtime *runtime);
void call(struct caller *c, struct deadline deadline, struct runtime *runtime) {
    const struct bulk_range range = {.offset = 0, .bytes = 8};
    const struct nonce ticket = ipc_nonce(&c->client);
    enum ipc_error error = IPC_OK;
    struct nonce made = ticket;
    uint32_t bytes = 0;
#ifdef CALL
    ipc_call(&c->client, &c->request);
#endif
#ifdef MANAGE_CALL
    ipc_client_manage(&c->client, &c->request);
#endif
#ifdef SEND
    ipc_client_send(&c->client, &c->request, &c->sent);
#endif
#ifdef TELL_CALL
    ipc_client_tell(&c->client, &c->request);
#endif
#ifdef NOTIFY
    ipc_client_notify(&c->client, c->question.target, deadline);
#endif
#ifdef GRANT_CALL
    ipc_client_grant(&c->client, c->question.target, &c->grantee, deadline);
#endif
#ifdef OUTCOME
    ipc_client_outcome(&c->client, c->question.target, POLICY_CALL,
                       (struct ipc_outcome){IPC_OK, IPC_HIT});
#endif
#ifdef REQUEST_PUT
    ipc_request_put(&c->client, &c->question, c->message, &c->request);
#endif
#ifdef ASK
    ipc_ask(&c->client, &c->question, c->message);
#endif
#ifdef MANAGE
    ipc_manage(&c->client, &c->question, c->message);
#endif
#ifdef TELL
    ipc_tell(&c->client, &c->question, c->message);
#endif
#ifdef ASKS_START
    ipc_asks_start(&c->asks, &c->question, c->message, &made);
#endif
#ifdef ASKS_TAKE
    ipc_asks_take(&c->asks, ticket, c->message, &error);
#endif
#ifdef ASKS_AWAIT
    ipc_asks_await(&c->asks, ticket, deadline, c->message);
#endif
#ifdef INBOX_EXPECT
    inbox_expect(&c->inbox, ticket, c->question.target);
#endif
#ifdef INBOX_DELIVER
    inbox_deliver(&c->inbox, c->question.target, ticket, c->asks.taken, 8);
#endif
#ifdef INBOX_CLOSE
    inbox_close(&c->inbox, ticket);
#endif
#ifdef INBOX_TAKE
    inbox_take(&c->inbox, ticket, c->asks.taken, &bytes);
#endif
#ifdef BUDGET_ATTEMPT
    budget_attempt(&c->budget, deadline.ns);
#endif
#ifdef BUDGET_MISMATCH
    budget_mismatch(&c->budget, deadline.ns);
#endif
#ifdef BOOT_ROUTE
    ipc_boot_route(runtime, 5, deadline);
#endif
#ifdef BOOT_ROUTE_FOR
    ipc_boot_route_for(runtime, 5, POLICY_CALL, deadline);
#endif
#ifdef FRAME_ANSWER
    frame_answer(&runtime->page->reply_out, c->exchange.call.reply, c->slot);
#endif
#ifdef TIMED_CALL
    timed_call(runtime, c->slot, &c->timed, deadline.ns, &c->timed);
#endif
#ifdef READY
    ipc_ready(runtime);
#endif
#ifdef BLOCK_OPEN
    block_open(&c->disk, 4096, deadline);
#endif
#ifdef BLOCK_READ
    block_read(&c->disk, 0, 1, 0, deadline);
#endif
#ifdef BLOCK_RUN
    block_run(&c->disk, &c->item, 1, deadline);
#endif
#ifdef BLOCK_WRITE
    block_write(&c->disk, 0, 1, 0, deadline);
#endif
#ifdef BLOCK_FLUSH
    block_flush(&c->disk, deadline);
#endif
#ifdef WINDOW_CREATE
    bulk_window_create(&c->window, c->slot, 4096);
#endif
#ifdef WINDOW_SHARE
    bulk_window_share(&c->window, &c->slot);
#endif
#ifdef WINDOW_LEND
    bulk_window_lend(&c->window, &c->slot);
#endif
#ifdef VIEW_OPEN
    bulk_view_open(&c->view, c->slot, 4096);
#endif
#ifdef VIEWS_OPEN
    bulk_views_open(&c->views, 1, c->slot, 4096, &bytes);
#endif
#ifdef VIEW_COPY
    bulk_view_copy(&c->view, range, c->message);
#endif
#ifdef SEAL
    bulk_seal(&c->window, &c->slot);
#endif
#ifdef SEALED_OPEN
    bulk_sealed_open(&c->sealed, c->slot, 4096);
#endif
#ifdef SEALED_AT
    bulk_sealed_at(&c->sealed, range);
#endif
#ifdef BLANK_CREATE
    bulk_blank_create(&c->blank, c->slot, 4096);
#endif
#ifdef FILL_OPEN
    bulk_fill_open(&c->fill, c->slot, 4096);
#endif
#ifdef FILL_SEAL
    bulk_fill_seal(&c->fill);
#endif
#ifdef RING_WRITER
    ring_writer_init(&c->writer, &c->window, &c->view);
#endif
#ifdef RING_READER
    ring_reader_init(&c->reader, &c->window, &c->view);
#endif
#ifdef RING_PUT
    ring_put(&c->writer, c->message, 8);
#endif
#ifdef RING_TAKE
    ring_take(&c->reader, c->message, 8, &bytes);
#endif
#ifdef RING_BELL
    ring_wants_bell(&c->writer);
#endif
#ifdef RING_SLEEP
    ring_sleep(&c->reader);
#endif
#ifdef SERVE
    ipc_serve(&c->server, runtime, c->server.service, c);
#endif
#ifdef SERVER_INIT
    ipc_server_init(&c->server, runtime, c->server.service, c);
#endif
#ifdef SERVER_CALL
    ipc_server_call(&c->server, c->exchange.call.reply);
#endif
#ifdef KEEP
    ipc_keep(&c->exchange);
#endif
    (void)range;
    (void)error;
    (void)made;
    (void)bytes;
    (void)runtime;
    (void)deadline;
}
