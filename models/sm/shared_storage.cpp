#include "sm/shared_storage.h"

#include <array>
#include <cstring>

#include "base/error.h"

namespace stcsim {

void copy_lane_bytes(const std::vector<LaneValues>& data, std::uint32_t lane, std::span<std::byte> to) {
    for (std::size_t done = 0, i = 0; done < to.size(); done += sizeof(std::uint32_t), ++i) {
        std::memcpy(to.data() + done, &data.at(i)[lane], std::min(sizeof(std::uint32_t), to.size() - done));
    }
}

void copy_bytes_to_lane(std::span<const std::byte> from, std::uint32_t lane, std::vector<LaneValues>& data) {
    for (std::size_t done = 0, i = 0; done < from.size(); done += sizeof(std::uint32_t), ++i) {
        data.at(i)[lane] = 0;
        std::memcpy(&data.at(i)[lane], from.data() + done, std::min(sizeof(std::uint32_t), from.size() - done));
    }
}

std::vector<LaneValues> SharedStorage::load(const LaneAccess& access, std::uint32_t registers) const {
    std::vector<LaneValues> data(registers, LaneValues{});
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane)) continue;
        STCSIM_ASSERT(access.address(lane) + access.bytes_per_lane <= bytes_.size());
        copy_bytes_to_lane(std::span(bytes_).subspan(access.address(lane), access.bytes_per_lane), lane, data);
    }
    return data;
}

void SharedStorage::store(const LaneAccess& access, const std::vector<LaneValues>& data) {
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane)) continue;
        STCSIM_ASSERT(access.address(lane) + access.bytes_per_lane <= bytes_.size());
        copy_lane_bytes(data, lane, std::span(bytes_).subspan(access.address(lane), access.bytes_per_lane));
    }
}

std::uint32_t SharedStorage::element(std::uint64_t address) const {
    std::uint16_t value = 0;
    STCSIM_ASSERT(address + sizeof value <= bytes_.size());
    std::memcpy(&value, &bytes_[address], sizeof value);
    return value;
}

std::vector<LaneValues> SharedStorage::load_matrices(const LaneAccess& access, std::uint32_t matrices,
                                                     bool transposed) const {
    std::vector<LaneValues> data(matrices);
    for (std::uint32_t matrix = 0; matrix < matrices; ++matrix) {
        const auto at = [&](std::uint32_t row, std::uint32_t column) {
            return element(access.address(matrix * 8 + row) + std::uint64_t{column} * 2);
        };
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t major = lane / 4;
            const std::uint32_t minor = lane % 4 * 2;
            data[matrix][lane] = transposed ? at(minor, major) | at(minor + 1, major) << 16
                                            : at(major, minor) | at(major, minor + 1) << 16;
        }
    }
    return data;
}

void SharedStorage::fill(const LaneAccess& destination, const LaneAccess& source, const GlobalValues& memory) {
    std::array<std::byte, 16> buffer{};
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!destination.is_active(lane)) continue;
        const auto bytes = std::span(buffer).first(destination.bytes_per_lane);
        if (source.is_active(lane)) {
            memory.read(source.address(lane), bytes);
        } else {
            std::memset(bytes.data(), 0, bytes.size());
        }
        STCSIM_ASSERT(destination.address(lane) + bytes.size() <= bytes_.size());
        std::memcpy(&bytes_[destination.address(lane)], bytes.data(), bytes.size());
    }
}

}  // namespace stcsim
