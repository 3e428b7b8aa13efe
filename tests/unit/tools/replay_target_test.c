#include "../../../tools/replay/replay.h"
#include "../../../tools/replay/target.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char data[96];
static char file[96];
static replay_target_t target;

static void begin(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/sluice-target-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(data, sizeof data, "%s/data", folder);
    (void)snprintf(file, sizeof file, "%s/out", folder);
    cr_assert_eq(mkdir(data, 0700), 0);
}

static int entries(void)
{
    int count = 0;
    DIR *opened = opendir(folder);
    cr_assert_not_null(opened);
    while (readdir(opened) != NULL) {
        count++;
    }
    cr_assert_eq(closedir(opened), 0);
    return count - 2;
}

static void finish(void)
{
    (void)unlink(file);
    cr_assert_eq(rmdir(data), 0);
    cr_assert_eq(rmdir(folder), 0, "nothing else is left");
}

TestSuite(target, .init = begin, .fini = finish);

static void put(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out);
    cr_assert_geq(fputs(text, out), 0);
    cr_assert_eq(fclose(out), 0);
}

static const char *contents(void)
{
    static char text[64];
    FILE *in = fopen(file, "r");
    cr_assert_not_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    cr_assert_eq(fclose(in), 0);
    return text;
}

Test(target, has_its_name_only_when_it_is_whole)
{
    cr_assert_eq(replay_target_begin(&target, data, file, false, true), REPLAY_DONE);
    cr_assert_geq(fputs("orders", target.stream), 0);
    cr_assert_neq(access(file, F_OK), 0);
    cr_assert_eq(replay_target_commit(&target), REPLAY_DONE);
    cr_assert_str_eq(contents(), "orders");
    cr_assert_eq(target.bytes, 6);
    cr_assert_eq(entries(), 2, "the file and the data directory");
}

Test(target, given_up_it_leaves_nothing_and_what_stood_there_stays)
{
    put(file, "before");
    cr_assert_eq(replay_target_begin(&target, data, file, true, true), REPLAY_DONE);
    cr_assert_geq(fputs("half", target.stream), 0);
    replay_target_abandon(&target);
    cr_assert_str_eq(contents(), "before");
    cr_assert_eq(entries(), 2);
}

Test(target, what_exists_is_replaced_only_by_force)
{
    put(file, "before");
    cr_assert_eq(replay_target_begin(&target, data, file, false, true), REPLAY_USAGE);
    replay_target_abandon(&target);
    cr_assert_str_eq(contents(), "before");
    cr_assert_eq(replay_target_begin(&target, data, file, true, true), REPLAY_DONE);
    cr_assert_geq(fputs("after", target.stream), 0);
    cr_assert_eq(replay_target_commit(&target), REPLAY_DONE);
    cr_assert_str_eq(contents(), "after");
}

Test(target, nothing_is_written_into_the_data_directory_whatever_leads_there)
{
    char path[160];
    char link[96];
    (void)snprintf(path, sizeof path, "%s/../data/out", data);
    cr_assert_eq(replay_target_begin(&target, data, path, false, true), REPLAY_USAGE);
    replay_target_abandon(&target);
    (void)snprintf(link, sizeof link, "%s/link", folder);
    cr_assert_eq(symlink(data, link), 0);
    (void)snprintf(path, sizeof path, "%s/out", link);
    cr_expect_eq(replay_target_begin(&target, data, path, true, true), REPLAY_USAGE);
    replay_target_abandon(&target);
    cr_assert_eq(unlink(link), 0);
}

Test(target, a_folder_that_is_not_there_is_an_error_of_output)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/missing/out", folder);
    cr_assert_eq(replay_target_begin(&target, data, path, false, true), REPLAY_IO);
    replay_target_abandon(&target);
}
