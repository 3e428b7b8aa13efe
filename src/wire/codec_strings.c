/* What protobuf-c leaves undone: it takes strings that are no UTF-8, and hands them out as C strings, so
 * that a NUL within one would silently cut it. */
#include "wire/codec_inside.h"
#include "wire/varint.h"

static slc_codec_strings_t check(const ProtobufCFieldDescriptor *field, slc_text_t value)
{
    if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING) {
        return slc_text_is_valid(value, 0, SIZE_MAX) ? SLC_STRINGS_GOOD : SLC_STRINGS_BAD;
    }
    if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return slc_codec_strings(field->descriptor, (const uint8_t *)value.data, value.bytes);
    }
    return SLC_STRINGS_GOOD;
}

/* Recursion goes as deep as the schema's messages nest, which is three, whatever the bytes say. */
slc_codec_strings_t slc_codec_strings(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                                      size_t count)
{
    if (count == 0) {
        return SLC_STRINGS_GOOD;
    }
    slc_codec_strings_t worst = SLC_STRINGS_GOOD;
    slc_cursor_t in = {bytes, bytes + count};
    while (in.at < in.end && worst != SLC_STRINGS_NO_MESSAGE) {
        uint32_t field;
        uint32_t type;
        slc_text_t value;
        if (!slc_cursor_tag(&in, &field, &type)) {
            return SLC_STRINGS_NO_MESSAGE;
        }
        if (type != SLC_WIRE_BYTES) {
            if (!slc_cursor_skip(&in, type)) {
                return SLC_STRINGS_NO_MESSAGE;
            }
            continue;
        }
        if (!slc_cursor_bytes(&in, &value.data, &value.bytes)) {
            return SLC_STRINGS_NO_MESSAGE;
        }
        slc_codec_strings_t found =
            check(protobuf_c_message_descriptor_get_field(descriptor, field), value);
        worst = found > worst ? found : worst;
    }
    return worst;
}
