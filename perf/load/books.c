#include "books.h"
#include "../../tools/common/called.h"

#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 30000

/* A call on a connection of its own; a reply is a page of drops large, so it lives on the heap. */
typedef struct books {
    slc_control_t *control;
    slc_control_reply_t *reply;
    slc_error_t error;
} books_t;

static bool books_init(books_t *books, const char *control_path)
{
    books->control = NULL;
    books->reply = malloc(sizeof *books->reply);
    if (books->reply == NULL) {
        called_say("load", "load: no memory\n");
        return false;
    }
    if (slc_control_connect(control_path, TIMEOUT_MS, &books->control, &books->error) != SLC_OK) {
        called_say("load", "load: %s\n", books->error.message);
        free(books->reply);
        return false;
    }
    return true;
}

static void books_finish(books_t *books)
{
    slc_control_close(books->control);
    free(books->reply);
}

static bool call(books_t *books, const slc_control_request_t *request)
{
    if (slc_control_call(books->control, request, books->reply, &books->error) != SLC_OK) {
        called_say("load", "load: %s\n", books->error.message);
        return false;
    }
    return true;
}

bool load_books_open(const char *control_path, const load_workload_t *workload)
{
    books_t books;
    if (!books_init(&books, control_path)) {
        return false;
    }
    bool good = true;
    for (uint32_t i = 0; good && i < workload->drop_count; i++) {
        const load_drop_t *drop = &workload->drops[i];
        slc_control_request_t request = {.op = SLC_CONTROL_OPEN_DROP,
                                         .drop_id = drop->drop_id,
                                         .stock = drop->stock,
                                         .per_user_limit = drop->per_user,
                                         .name = "opened by load"};
        good = !drop->opened || call(&books, &request);
        if (good && drop->opened && books.reply->status != SLC_STATUS_ACCEPTED) {
            called_say("load", "load: drop %llu cannot be opened: %s: %s; choose another number\n",
                       (unsigned long long)drop->drop_id, slc_status_name((int)books.reply->status),
                       books.reply->message);
            good = false;
        }
    }
    books_finish(&books);
    return good;
}

bool load_books_read(const char *control_path, const load_workload_t *workload,
                     slc_drop_info_t ret_drops[LOAD_DROPS_MAX])
{
    books_t books;
    if (!books_init(&books, control_path)) {
        return false;
    }
    bool good = true;
    for (uint32_t i = 0; good && i < workload->drop_count; i++) {
        slc_control_request_t request = {.op = SLC_CONTROL_GET_DROP,
                                         .drop_id = workload->drops[i].drop_id};
        good = call(&books, &request);
        ret_drops[i] = (slc_drop_info_t){.drop_id = 0};
        if (good && books.reply->status == SLC_STATUS_ACCEPTED) {
            ret_drops[i] = books.reply->drop;
        }
    }
    books_finish(&books);
    return good;
}
