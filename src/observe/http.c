#include "observe/http.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "observe/answer.h"
#include "observe/page.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of one connection: the request's head, and room for what leaves. */
#define CONNECTION_BYTES ((size_t)32 * 1024)

struct slc_http {
    slc_http_config_t config;
    struct MHD_Daemon *daemon;
};

/* False: no memory. */
static bool put_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Nobody may read it from another site, guess its type, or keep it. */
static bool put_headers(struct MHD_Response *response, const slc_http_answer_t *answer)
{
    const char *policy = answer->is_page ? slc_page_policy : "default-src 'none'; frame-ancestors 'none'";
    bool put = put_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type) &&
               put_header(response, "Content-Security-Policy", policy) &&
               put_header(response, "X-Content-Type-Options", "nosniff") &&
               put_header(response, "Referrer-Policy", "no-referrer") &&
               put_header(response, "Cross-Origin-Resource-Policy", "same-origin") &&
               put_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (put && answer->code == MHD_HTTP_METHOD_NOT_ALLOWED) {
        put = put_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") &&
              put_header(response, MHD_HTTP_HEADER_CONNECTION, "close"); /* its body is not read */
    }
    return put;
}

static struct MHD_Response *make_response(slc_http_answer_t *answer)
{
    static char none[] = "";
    if (answer->is_page) {
        /* Never written to: MHD takes no pointer to const. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        void *page = (void *)(uintptr_t)slc_page;
        return MHD_create_response_from_buffer(slc_page_bytes, page, MHD_RESPMEM_PERSISTENT);
    }
    if (answer->body == NULL) {
        return MHD_create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT);
    }
    return MHD_create_response_from_buffer(answer->bytes, answer->body, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, slc_http_answer_t *answer)
{
    struct MHD_Response *response = make_response(answer);
    if (response == NULL) {
        free(answer->body);
        return MHD_NO; /* closes */
    }
    /* Without its headers it does not leave: what a browser may do with it stands there. */
    enum MHD_Result queued =
        put_headers(response, answer) ? MHD_queue_response(connection, answer->code, response) : MHD_NO;
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **connection_context)
{
    const slc_http_t *http = context;
    static char seen;
    (void)version;
    (void)upload;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        slc_http_answer_t no = {.code = MHD_HTTP_METHOD_NOT_ALLOWED, .type = "text/plain; charset=utf-8"};
        return send_answer(connection, &no);
    }
    if (*connection_context == NULL) {
        *connection_context = &seen; /* the head is there; it comes again when all is */
        return MHD_YES;
    }
    if (*upload_bytes != 0) {
        *upload_bytes = 0; /* a GET's body means nothing */
        return MHD_YES;
    }
    slc_picture_t picture = {0};
    slc_http_answer_t answer;
    http->config.take_picture(http->config.context, &picture);
    slc_board_reader_register();
    slc_http_answer(&picture, url,
                    MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "after"),
                    MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "limit"), &answer);
    slc_board_reader_unregister();
    return send_answer(connection, &answer);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
                                                         va_list arguments)
{
    char line[256];
    (void)context;
    (void)vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = '\0';
    SLC_LOG_LIMITED(1, SLC_LOG_DEBUG, "http: %s", line);
}

slc_err_t slc_http_start(const slc_http_config_t *config, slc_http_t **ret_http, slc_error_t *ret_error)
{
    slc_http_t *http = calloc(1, sizeof *http);
    if (http == NULL) {
        (void)close(config->fd);
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for HTTP");
    }
    http->config = *config;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, config->fd,
        MHD_OPTION_CONNECTION_LIMIT, SLC_HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        SLC_HTTP_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_END);
    if (http->daemon == NULL) {
        (void)close(config->fd);
        free(http);
        return slc_error_set(ret_error, SLC_ERR_IO,
                             "cannot start HTTP (threads or descriptors are used up?); --http off does "
                             "without it");
    }
    *ret_http = http;
    return SLC_OK;
}

void slc_http_stop(slc_http_t *http)
{
    if (http != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    free(http);
}
