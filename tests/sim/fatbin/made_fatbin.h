/// Fat binaries made here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stcsim {

struct MadeEntry {
    std::uint16_t kind = 1;
    std::uint32_t architecture = 80;
    std::string payload = {};
    bool compressed = false;
    std::uint32_t header_bytes = 80;
};

inline void append_number(std::string& bytes, std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
}

inline std::string made_fatbin(const std::vector<MadeEntry>& entries) {
    std::string body;
    for (const MadeEntry& entry : entries) {
        std::string header;
        append_number(header, entry.kind, 2);
        append_number(header, 0x101, 2);
        append_number(header, entry.header_bytes, 4);
        append_number(header, entry.payload.size(), 8);
        append_number(header, entry.compressed ? entry.payload.size() : 0, 4);
        append_number(header, 0, 8);
        append_number(header, entry.architecture, 4);
        append_number(header, 0, 8);
        append_number(header, entry.compressed ? 0x8011 : 0x11, 8);
        header.resize(entry.header_bytes, '\0');
        body += header + entry.payload;
    }
    std::string whole;
    append_number(whole, 0xBA55ED50, 4);
    append_number(whole, 1, 2);
    append_number(whole, 16, 2);
    append_number(whole, body.size(), 8);
    return whole + body;
}

}  // namespace stcsim
