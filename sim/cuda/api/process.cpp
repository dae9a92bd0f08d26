/// The one runtime of a process: its configuration, its way to `stcsim exec`, and how it ends the program.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "cuda/api/call.h"
#include "cuda/embedded_code.h"
#include "cuda/exec_configuration.h"
#include "cuda/executor_choice.h"
#include "cuda/launch_report.h"

namespace stcsim {
namespace {

constexpr int status_failed = 1;
constexpr int status_bad_input = 2;
constexpr int status_internal_error = 3;

/// Where report lines go; negative before the configuration is read.
int report_channel = -1;

void send(const std::string& line) {
    std::size_t sent = 0;
    while (report_channel >= 0 && sent < line.size()) {
        const ssize_t bytes = write(report_channel, line.data() + sent, line.size() - sent);
        if (bytes < 0) {
            static_cast<void>(
                std::fprintf(stderr, "stcsim: the program closed the file of the report: it will be incomplete\n"));
            report_channel = -1;
            return;
        }
        sent += static_cast<std::size_t>(bytes);
    }
}

[[noreturn]] void end_with(int status, const std::string& message) {
    send(report_line(RuntimeEnded{status, message}));
    static_cast<void>(std::fflush(nullptr));
    static_cast<void>(std::fprintf(stderr, "stcsim: %s\n", message.c_str()));
    _exit(status);
}

std::string program_name() {
    std::error_code unknown;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    return unknown ? std::string("the program") : program.string();
}

CudaRuntime::Parts parts_from_environment() {
    const char* const text = std::getenv(exec_variable);
    if (text == nullptr) {
        throw InputError({}, "a program that was started without stcsim exec, on the simulated CUDA runtime",
                         "stcsim exec -- PROGRAM");
    }
    const ExecConfiguration configuration = parse_exec_configuration(text);
    report_channel = configuration.report_channel;
    // Programs that this one starts are not simulated, and must not keep the report open.
    static_cast<void>(fcntl(report_channel, F_SETFD, FD_CLOEXEC));
    CudaRuntime::Parts parts;
    parts.program = program_name();
    parts.gpu = load_gpu_description(configuration.gpu_file);
    parts.executor = make_launch_executor(parts.gpu, configuration.launch);
    parts.read_code = [name = parts.program, architecture = parts.gpu.parameters.device.compute_capability](
                          const void* wrapper) { return embedded_ptx(wrapper, architecture, name); };
    parts.report = [](const LaunchReport& launch) { send(report_line(launch)); };
    parts.report_finding = [](std::uint64_t launch, const FindingReport& finding) {
        send(report_line(launch, finding));
    };
    send(report_line(RuntimeStarted{runtime_major_version}));
    return parts;
}

}  // namespace

CudaRuntime& process_runtime() {
    // Never destroyed: programs release memory and modules in destructors of their own.
    static CudaRuntime& runtime = *new CudaRuntime(parts_from_environment());
    return runtime;
}

std::recursive_mutex& process_mutex() {
    static std::recursive_mutex& mutex = *new std::recursive_mutex;
    return mutex;
}

void end_program(std::exception_ptr why) {
    try {
        std::rethrow_exception(std::move(why));
    } catch (const ProgramFailure& failure) {
        end_with(status_failed, failure.what());
    } catch (const UnsupportedCall& unsupported) {
        end_with(status_bad_input, unsupported.what());
    } catch (const InputError& error) {
        end_with(status_bad_input, error.what());
    } catch (const std::exception& error) {
        end_with(status_internal_error, fmt::format("internal error, please report it: {}", error.what()));
    } catch (...) {
        end_with(status_internal_error, "internal error, please report it");
    }
}

void end_at_unsupported_call(const char* function) {
    static_cast<void>(call([&](CudaRuntime&) -> CudaError {
        throw UnsupportedCall(
            fmt::format("the program calls {}, which the simulated CUDA runtime does not support", function));
    }));
    std::abort();
}

}  // namespace stcsim
