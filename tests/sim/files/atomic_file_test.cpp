#include "files/atomic_file.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "files/temporary_folder.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WriteWholeFile, CreatesAndReplaces) {
    const TemporaryFolder folder;
    write_whole_file(folder.file("r.csv"), "first");
    EXPECT_EQ(text_of(folder.file("r.csv")), "first");
    write_whole_file(folder.file("r.csv"), "second");
    EXPECT_EQ(text_of(folder.file("r.csv")), "second");
    EXPECT_THAT(folder.names(), ElementsAre("r.csv"));
}

TEST(WriteWholeFile, HonoursTheUmaskAsAnyNewFileDoes) {
    const TemporaryFolder folder;
    const mode_t before = umask(027);
    write_whole_file(folder.file("r.csv"), "");
    umask(before);
    struct stat status {};
    ASSERT_EQ(stat(folder.file("r.csv").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(WriteWholeFile, WritesThroughASymbolicLink) {
    const TemporaryFolder folder;
    const std::string target = folder.write("target.csv", "old");
    std::filesystem::create_symlink(target, folder.file("link.csv"));
    write_whole_file(folder.file("link.csv"), "new");
    EXPECT_EQ(text_of(target), "new");
    EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link.csv")));
}

TEST(WriteWholeFile, TakesAPathRelativeToTheCurrentFolder) {
    const TemporaryFolder folder;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    write_whole_file("here.csv", "x");
    std::filesystem::current_path(before);
    EXPECT_THAT(folder.names(), ElementsAre("here.csv"));
}

TEST(WriteWholeFile, LeavesTheOldFileAndNothingElseWhenWritingFails) {
    const TemporaryFolder folder;
    const std::string file = folder.write("r.csv", "old");
    // A child process whose files may not grow past 8 bytes.
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{8, 8};
        setrlimit(RLIMIT_FSIZE, &limit);
        try {
            write_whole_file(file, std::string(100, 'x'));
        } catch (const InputError&) {
            _exit(7);
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_EQ(text_of(file), "old");
    EXPECT_THAT(folder.names(), ElementsAre("r.csv"));
}

TEST(WriteWholeFile, LeavesNothingBehindWhenInterrupted) {
    const TemporaryFolder folder;
    // The child stops itself while the file grows: the signal arrives inside write_whole_file, from the size limit.
    const pid_t child = fork();
    if (child == 0) {
        remove_temporary_files_on_interrupt();
        struct sigaction action {};
        sigaction(SIGINT, nullptr, &action);
        sigaction(SIGXFSZ, &action, nullptr);
        const rlimit limit{8, 8};
        setrlimit(RLIMIT_FSIZE, &limit);
        write_whole_file(folder.file("r.csv"), std::string(100, 'x'));
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
    EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(CheckWritable, LeavesNothingBehind) {
    const TemporaryFolder folder;
    check_writable(folder.file("r.csv"));
    EXPECT_THAT(folder.names(), IsEmpty());
    const std::string file = folder.write("old.csv", "old");
    check_writable(file);
    EXPECT_EQ(text_of(file), "old");
}

TEST(CheckWritable, RefusesWhatCannotBeWritten) {
    const TemporaryFolder folder;
    const std::string file = folder.write("file", "");
    ASSERT_EQ(mkfifo(folder.file("pipe.csv").c_str(), 0600), 0);
    std::filesystem::create_directory(folder.path() / "folder.csv");
    for (const std::string& path : {folder.file("missing/r.csv"), folder.file("folder.csv"), folder.file("file/r.csv"),
                                    folder.file("pipe.csv"), std::string("/proc/r.csv"), folder.path().string() + "/",
                                    folder.file(std::string(300, 'x') + ".csv"), std::string()}) {
        EXPECT_THROW(check_writable(path), InputError) << path;
        EXPECT_THROW(write_whole_file(path, "x"), InputError) << path;
    }
    EXPECT_EQ(folder.names().size(), 3U);
}

TEST(AtomicFile, AppearsOnlyWhenFinished) {
    const TemporaryFolder folder;
    const std::string file = folder.write("r.csv", "old");
    {
        AtomicFile dropped(file);
        dropped.write("dropped");
    }
    EXPECT_EQ(text_of(file), "old");
    AtomicFile finished(file);
    finished.write("one ");
    finished.write("two");
    EXPECT_EQ(text_of(file), "old");
    finished.finish();
    EXPECT_EQ(text_of(file), "one two");
    EXPECT_THAT(folder.names(), ElementsAre("r.csv"));
}

TEST(AtomicFile, SeveralAreWrittenAtOnceAndAllVanishWhenInterrupted) {
    const TemporaryFolder folder;
    const pid_t child = fork();
    if (child == 0) {
        remove_temporary_files_on_interrupt();
        AtomicFile first(folder.file("1.csv"));
        AtomicFile second(folder.file("2.csv"));
        second.finish();
        AtomicFile third(folder.file("3.csv"));
        raise(SIGTERM);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
    EXPECT_THAT(folder.names(), ElementsAre("2.csv"));
}

}  // namespace
}  // namespace stcsim
