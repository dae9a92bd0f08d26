#include "check/check_dump.h"

#include <algorithm>

#include "base/error.h"
#include "check/dump_sample.h"
#include "check/misreading.h"
#include "sparsity/pattern_name.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

constexpr std::size_t sample_rows = 16;
constexpr std::size_t sample_columns = 32;
/// The first look at many orders: enough to drop all but a few.
constexpr std::size_t glance_rows = 8;
constexpr std::size_t glance_columns = 8;
/// Products of all of D in different orders before the best so far is taken.
constexpr int most_comparisons = 3;
/// Of the elements that differ in one order, another must mend this share to be taken: the best of many orders is a
/// little better by chance.
constexpr double mended_share = 1.0 / 3;
/// Share of a sample's wrong elements that a mistake must explain to be named.
constexpr double explained_share = 0.95;

/// The order that agrees with most elements of a sample, the earliest of several.
class OrderSearch {
  public:
    OrderSearch(const GemmDump& dump, std::vector<AccumulationOrder> orders)
        : dump_(dump), orders_(std::move(orders)) {}

    struct Best {
        AccumulationOrder order;
        std::size_t exact = 0;
        std::size_t known = 0;
        std::size_t equals = 0;  ///< other orders with as many
    };

    [[nodiscard]] Best find(const SampleChoice& choice, const SampleChoice& glance,
                            const Misreading* misreading = nullptr) const {
        const DumpSample few(dump_, glance, misreading);
        std::vector<std::pair<std::size_t, std::size_t>> ranked;  // exact elements, order
        for (std::size_t i = 0; i < orders_.size(); ++i) {
            const auto comparison = few.compare(orders_[i], false);
            if (comparison) ranked.emplace_back(comparison->count_exact(), i);
        }
        std::ranges::stable_sort(ranked, std::ranges::greater{}, &std::pair<std::size_t, std::size_t>::first);
        // Those that are nearly as good as the best, on the glance, look at the whole sample.
        constexpr std::size_t most_finalists = 24;
        const DumpSample sample(dump_, choice, misreading);
        Best best;
        for (std::size_t i = 0; i < std::min(ranked.size(), most_finalists); ++i) {
            const AccumulationOrder& order = orders_[ranked[i].second];
            const auto comparison = sample.compare(order, false);
            STCSIM_ASSERT(comparison.has_value());
            const std::size_t exact = comparison->count_exact();
            if (i == 0 || exact > best.exact) {
                best = {order, exact, comparison->count_known(), 0};
            } else if (exact == best.exact) {
                ++best.equals;
            }
        }
        return best;
    }

    [[nodiscard]] std::size_t size() const { return orders_.size(); }

  private:
    const GemmDump& dump_;
    std::vector<AccumulationOrder> orders_;
};

/// Whether an order that agrees with `best.exact` elements mends enough of one that agrees with `exact`.
bool mends(const OrderSearch::Best& best, std::size_t exact) {
    return best.exact > exact &&
           static_cast<double>(best.exact - exact) >= mended_share * static_cast<double>(best.known - exact);
}

/// Rows and columns of a choice, fewer of them.
SampleChoice thinned(const SampleChoice& choice, std::size_t rows, std::size_t columns) {
    const SampleChoice places = spread_sample(choice.rows.size(), choice.columns.size(), rows, columns);
    SampleChoice few;
    for (const std::size_t i : places.rows) few.rows.push_back(choice.rows[i]);
    for (const std::size_t j : places.columns) few.columns.push_back(choice.columns[j]);
    return few;
}

/// Compares all of D, and again in another order as long as one explains the differences of the last one.
void compare_orders(const GemmDump& dump, const CheckOptions& options, const OrderSearch& search, Verdict& verdict) {
    SampleChoice choice = spread_sample(dump.m(), dump.n(), sample_rows, sample_columns);
    verdict.order = options.order.value_or(plain_order(dump));
    const auto first = DumpSample(dump, choice).compare(verdict.order, false);
    if (!first) {
        throw InputError({}, "an A that is not structured-sparse, with instruction=mma.sp",
                         "an A that meets the pattern of its type, or instruction=mma");
    }
    if (!options.order && !first->all_exact()) {
        const OrderSearch::Best best = search.find(choice, thinned(choice, glance_rows, glance_columns));
        if (mends(best, first->count_exact())) {
            verdict.order = best.order;
            verdict.equal_orders = best.equals;
        }
        verdict.tried_orders = search.size();
    }
    verdict.mismatches = compare_all(dump, verdict.order, options.threads);
    for (int comparisons = 1; comparisons < most_comparisons; ++comparisons) {
        if (options.order || verdict.mismatches.different == 0) return;
        choice = focused_sample(verdict.mismatches.marks, dump.n(), sample_rows, sample_columns);
        const auto now = DumpSample(dump, choice).compare(verdict.order, false);
        const OrderSearch::Best best = search.find(choice, thinned(choice, glance_rows, glance_columns));
        verdict.tried_orders = search.size();
        if (best.order == verdict.order || !mends(best, now->count_exact())) return;
        Mismatches other = compare_all(dump, best.order, options.threads);
        if (other.different >= verdict.mismatches.different) return;
        verdict.mismatches = std::move(other);
        verdict.order = best.order;
        verdict.equal_orders = best.equals;
    }
}

/// What a mistake makes of the elements that are wrong without it.
struct Trial {
    const Misreading* mistake;
    AccumulationOrder order;
    bool exact;
    std::size_t agreeing;
    std::size_t sampled;
};

class MistakeSearch {
  public:
    MistakeSearch(const GemmDump& dump, const Verdict& verdict, const CheckOptions& options)
        : dump_(dump),
          order_(verdict.order),
          choice_(focused_sample(verdict.mismatches.marks, dump.n(), sample_rows, sample_columns)),
          right_(*DumpSample(dump, choice_).compare(order_, true)),
          search_(dump, options.order ? std::vector{*options.order} : plausible_orders(dump)) {}

    [[nodiscard]] std::optional<Trial> attempt(const Misreading& mistake) const {
        const DumpSample sample(dump_, choice_, &mistake);
        AccumulationOrder order = order_;
        auto comparison = sample.compare(order, true);
        if (!comparison) return std::nullopt;
        // In the right reading whatever the order sums are close; only then the order can matter.
        if (share(mistake, *comparison, comparison->close) < explained_share) return std::nullopt;
        if (!comparison->all_exact()) {
            const OrderSearch::Best best =
                search_.find(choice_, thinned(choice_, glance_rows, glance_columns), &mistake);
            if (best.exact > comparison->count_exact()) {
                order = best.order;
                comparison = sample.compare(order, true);
            }
        }
        if (mistake.unit) order.unit = *mistake.unit;
        const bool exact = share(mistake, *comparison, comparison->exact) >= explained_share;
        const bool was_close = share(mistake, right_, right_.close) >= explained_share;
        // What the bound of the right reading explains is no mistake, unless bits tell.
        if (!exact && was_close) return std::nullopt;
        return Trial{&mistake, order, exact, exact ? comparison->count_exact() : comparison->count_close(),
                     comparison->count_known()};
    }

  private:
    /// Of the elements that are wrong in the right reading, or of all if D itself was misplaced.
    [[nodiscard]] double share(const Misreading& mistake, const SampleComparison& comparison,
                               const std::vector<std::uint8_t>& agreeing) const {
        std::size_t all = 0;
        std::size_t some = 0;
        for (std::size_t i = 0; i < agreeing.size(); ++i) {
            if (comparison.known[i] == 0 || (!mistake.place && right_.exact[i] != 0)) continue;
            ++all;
            some += agreeing[i];
        }
        return all == 0 ? 0 : static_cast<double>(some) / static_cast<double>(all);
    }

    const GemmDump& dump_;
    AccumulationOrder order_;
    SampleChoice choice_;
    SampleComparison right_;
    OrderSearch search_;
};

/// Whether `one` explains more than `other`.
bool explains_more(const Trial& one, const Trial& other) {
    if (one.exact != other.exact) return one.exact;
    // Counts of samples of different sizes, compared as shares.
    return one.agreeing * other.sampled > other.agreeing * one.sampled;
}

std::optional<Explanation> explain(const GemmDump& dump, const Verdict& verdict, const CheckOptions& options) {
    const MistakeSearch search(dump, verdict, options);
    const std::vector<Misreading> mistakes = usual_mistakes(dump);
    std::vector<Trial> trials;
    for (const Misreading& mistake : mistakes) {
        if (const auto trial = search.attempt(mistake)) trials.push_back(*trial);
    }
    if (trials.empty()) return std::nullopt;
    const Trial* best = &trials.front();
    for (const Trial& trial : trials) {
        if (explains_more(trial, *best)) best = &trial;
    }
    Explanation explanation{best->mistake->name, best->mistake->sentence, best->order, best->exact,
                            best->agreeing,      best->sampled,           {}};
    for (const Trial& trial : trials) {
        if (&trial != best && !explains_more(*best, trial)) explanation.others.push_back(trial.mistake->sentence);
    }
    return explanation;
}

/// The dump with its dense A in compressed form, if it meets the pattern of its type: metadata mistakes become visible.
std::optional<GemmDump> compressed_dump(const GemmDump& dump) {
    const ElementType type = dump.a.type;
    if (dump.sparse() || !has_sparse_instruction(type)) return std::nullopt;
    if (dump.k() % sparse_pattern_of(type).group != 0 || !pattern_violations(dump.a).empty()) return std::nullopt;
    GemmDump sparse = dump;
    CompressedMatrix compressed = compress(dump.a);
    sparse.a = std::move(compressed.values);
    sparse.codes = std::move(compressed.codes);
    return sparse;
}

}  // namespace

std::string_view name_of(Agreement agreement) {
    switch (agreement) {
        case Agreement::bit_exact: return "bit-exact";
        case Agreement::within_bound: return "within-bound";
        case Agreement::wrong: break;
    }
    return "wrong";
}

Verdict check_dump(const GemmDump& dump, const CheckOptions& options) {
    Verdict verdict;
    compare_orders(dump, options, OrderSearch(dump, plausible_orders(dump)), verdict);
    const Mismatches& mismatches = verdict.mismatches;
    verdict.agreement = mismatches.different == 0 ? Agreement::bit_exact
                        : mismatches.outside == 0 ? Agreement::within_bound
                                                  : Agreement::wrong;
    if (mismatches.different == 0) return verdict;
    verdict.places = describe_places(mismatches, dump.n(), mismatches.outside > 0 ? 2 : 1);
    verdict.explanation = explain(dump, verdict, options);
    if (verdict.explanation && verdict.explanation->exact) return verdict;
    if (const auto sparse = compressed_dump(dump)) {
        const auto other = explain(*sparse, verdict, options);
        if (other && (other->exact || !verdict.explanation)) verdict.explanation = other;
    }
    return verdict;
}

}  // namespace stcsim
