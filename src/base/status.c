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

const char *slc_err_text(slc_err_t code)
{
    switch (code) {
#define SLC_ERR_CASE(name, exit_code, text, who)                                                         \
    case SLC_ERR_##name:                                                                                 \
        return text;
        SLC_ERROR_LIST(SLC_ERR_CASE)
#undef SLC_ERR_CASE
    }
    return "unknown error";
}

int slc_err_exit_code(slc_err_t code)
{
    switch (code) {
#define SLC_ERR_CASE(name, exit_code, text, who)                                                         \
    case SLC_ERR_##name:                                                                                 \
        return exit_code;
        SLC_ERROR_LIST(SLC_ERR_CASE)
#undef SLC_ERR_CASE
    }
    return 5;
}

const char *slc_err_who(slc_err_t code)
{
    switch (code) {
#define SLC_ERR_CASE(name, exit_code, text, who)                                                         \
    case SLC_ERR_##name:                                                                                 \
        return who;
        SLC_ERROR_LIST(SLC_ERR_CASE)
#undef SLC_ERR_CASE
    }
    return "operator";
}
