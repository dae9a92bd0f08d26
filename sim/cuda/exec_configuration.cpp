#include "cuda/exec_configuration.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/message_text.h"

namespace stcsim {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 2> timing_names{"none", "full"};
constexpr std::array<std::string_view, 2> scope_names{"sm", "chip"};
constexpr std::array<std::string_view, 2> order_names{"text", "scheduled"};

[[noreturn]] void refuse(const std::string& found) {
    throw InputError({}, fmt::format("in the environment variable {}: {}", exec_variable, found),
                     "what stcsim exec of the same version sets: run the program as stcsim exec -- PROGRAM");
}

/// The members of a JSON object, each taken once by type.
class Members {
  public:
    explicit Members(Json object) : object_(std::move(object)) {}

    template <typename T>
    T take(const char* name) {
        const auto member = object_.find(name);
        if (member == object_.end()) refuse(fmt::format("no \"{}\"", name));
        try {
            T value = member->get<T>();
            object_.erase(member);
            return value;
        } catch (const Json::exception&) {
            refuse(fmt::format("\"{}\" of another type", name));
        }
    }
    template <typename Enumeration, std::size_t Size>
    Enumeration take(const char* name, const std::array<std::string_view, Size>& names) {
        const auto text = take<std::string>(name);
        for (std::size_t i = 0; i < Size; ++i) {
            if (names[i] == text) return static_cast<Enumeration>(i);
        }
        refuse(fmt::format("\"{}\" is {}", name, quoted_for_message(text)));
    }
    void finish() const {
        if (!object_.empty()) refuse(fmt::format("the unknown member {}", quoted_for_message(object_.begin().key())));
    }

  private:
    Json object_;
};

}  // namespace

std::string_view name_of(LaunchTiming timing) {
    return timing_names[static_cast<std::size_t>(timing)];
}

std::string_view name_of(LaunchScope scope) {
    return scope_names[static_cast<std::size_t>(scope)];
}

std::string_view name_of(InstructionOrder order) {
    return order_names[static_cast<std::size_t>(order)];
}

std::string text_of(const ExecConfiguration& configuration) {
    const LaunchSettings& launch = configuration.launch;
    const Json object{{"gpu_file", configuration.gpu_file},
                      {"report_channel", configuration.report_channel},
                      {"timing", name_of(launch.timing)},
                      {"scope", name_of(launch.scope)},
                      {"order", name_of(launch.order)},
                      {"verify", launch.verify},
                      {"find", launch.find},
                      {"lenient", launch.lenient},
                      {"max_cycles", launch.max_cycles}};
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ExecConfiguration parse_exec_configuration(std::string_view text) {
    Json object = Json::parse(text, nullptr, false);
    if (!object.is_object()) refuse(quoted_for_message(text));
    Members members(std::move(object));
    ExecConfiguration configuration;
    configuration.gpu_file = members.take<std::string>("gpu_file");
    configuration.report_channel = members.take<int>("report_channel");
    LaunchSettings& launch = configuration.launch;
    launch.timing = members.take<LaunchTiming>("timing", timing_names);
    launch.scope = members.take<LaunchScope>("scope", scope_names);
    launch.order = members.take<InstructionOrder>("order", order_names);
    launch.verify = members.take<bool>("verify");
    launch.find = members.take<bool>("find");
    launch.lenient = members.take<bool>("lenient");
    launch.max_cycles = members.take<std::uint64_t>("max_cycles");
    members.finish();
    return configuration;
}

}  // namespace stcsim
