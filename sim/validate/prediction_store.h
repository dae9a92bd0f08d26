/// Predictions kept in a file as they are made, so that an interrupted validation goes on where it stopped.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "validate/prediction.h"

namespace stcsim {

/// A text file: a heading, then a line per prediction: its key, a name for people, the prediction as JSON, separated by
/// tabs. A line is written at once when its prediction is made; one that an interruption cut off is dropped.
class PredictionStore {
  public:
    /// Opens or creates the file, reads what is in it, and locks it against other runs. Throws InputError if it is no
    /// such file, in use, or cannot be written.
    explicit PredictionStore(const std::filesystem::path& file);
    PredictionStore(const PredictionStore&) = delete;
    PredictionStore& operator=(const PredictionStore&) = delete;
    ~PredictionStore();

    [[nodiscard]] std::optional<Prediction> find(const std::string& key) const;
    /// Throws InputError if there is no room.
    void add(const std::string& key, std::string_view name, const Prediction& prediction);

  private:
    void read();
    void append(std::string_view line) const;

    std::filesystem::path file_;
    int descriptor_;
    std::map<std::string, Prediction, std::less<>> predictions_;
};

}  // namespace stcsim
