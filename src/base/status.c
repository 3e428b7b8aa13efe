#include <sluice/status.h>

const char *slc_status_name(int status)
{
    switch (status) {
#define SLC_STATUS_CASE(name, value)                                                                     \
    case value:                                                                                          \
        return "STATUS_" #name;
        SLC_STATUS_LIST(SLC_STATUS_CASE)
#undef SLC_STATUS_CASE
    default:
        return "STATUS_UNSPECIFIED";
    }
}

typedef struct error_row {
    int exit_code;
    const char *text;
    const char *who;
} error_row_t;

static const error_row_t g_errors[] = {
#define SLC_ERR_ROW(name, exit_code, text, who) [SLC_ERR_##name] = {exit_code, text, who},
    SLC_ERROR_LIST(SLC_ERR_ROW)
#undef SLC_ERR_ROW
};

static const error_row_t *row_of(slc_err_t code)
{
    static const error_row_t unknown = {5, "unknown error", "operator"};
    return (unsigned)code < sizeof g_errors / sizeof *g_errors ? &g_errors[code] : &unknown;
}

const char *slc_err_text(slc_err_t code)
{
    return row_of(code)->text;
}

int slc_err_exit_code(slc_err_t code)
{
    return row_of(code)->exit_code;
}

const char *slc_err_who(slc_err_t code)
{
    return row_of(code)->who;
}
