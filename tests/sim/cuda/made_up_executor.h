/// An executor that runs nothing: it knows one kernel, copies an array, and remembers what it was asked.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cuda/launch_executor.h"

namespace stcsim {

/// What the made-up executor was asked to do, and what it answers.
struct MadeUpMachine {
    std::map<std::byte*, Bytes> memory;
    std::vector<std::string> loaded;  ///< texts, in order
    std::vector<LaunchRequest> launches;
    std::map<std::string, KernelFacts> kernels;
    std::map<std::string, DeviceVariable> variables;
    // What it was told that the host does to memory, and what it answers to readings.
    std::vector<std::pair<const std::byte*, Bytes>> read, written;
    std::vector<std::pair<const std::byte*, const std::byte*>> copied;
    HostReading reading;
    /// What a launch does and how it ends.
    std::function<LaunchOutcome(const LaunchRequest&)> run = [](const LaunchRequest& request) {
        LaunchOutcome outcome;
        outcome.report.symbol = request.kernel;
        return outcome;
    };
};

class MadeUpModule : public ExecutableModule {
  public:
    explicit MadeUpModule(MadeUpMachine& machine) : machine_(machine) {}

    [[nodiscard]] KernelFacts facts(const std::string& kernel) const override {
        const auto at = machine_.kernels.find(kernel);
        if (at == machine_.kernels.end()) throw InputError({}, "the kernel " + kernel, "one that exists");
        return at->second;
    }
    [[nodiscard]] std::optional<DeviceVariable> variable(const std::string& name) const override {
        const auto at = machine_.variables.find(name);
        if (at == machine_.variables.end()) return std::nullopt;
        return at->second;
    }
    LaunchOutcome run(const LaunchRequest& request) override {
        machine_.launches.push_back(request);
        return machine_.run(request);
    }

  private:
    MadeUpMachine& machine_;
};

class MadeUpExecutor : public LaunchExecutor {
  public:
    explicit MadeUpExecutor(MadeUpMachine& machine) : machine_(machine) {}

    std::unique_ptr<ExecutableModule> load(std::vector<std::string> ptx, const std::string&) override {
        machine_.loaded.insert(machine_.loaded.end(), ptx.begin(), ptx.end());
        return std::make_unique<MadeUpModule>(machine_);
    }
    void add_memory(std::byte* address, Bytes bytes, const std::string&) override { machine_.memory[address] = bytes; }
    void remove_memory(std::byte* address) override { machine_.memory.erase(address); }
    HostReading read_by_host(const std::byte* address, Bytes bytes) override {
        machine_.read.emplace_back(address, bytes);
        return machine_.reading;
    }
    void written_by_host(std::byte* address, Bytes bytes) override { machine_.written.emplace_back(address, bytes); }
    void copied(std::byte* to, const std::byte* from, Bytes) override { machine_.copied.emplace_back(to, from); }

  private:
    MadeUpMachine& machine_;
};

}  // namespace stcsim
