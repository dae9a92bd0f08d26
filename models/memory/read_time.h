/// Where the time of reads went.
#pragma once

namespace stcsim {

/// Of the lines that SMs have read, in SM cycles summed over the lines.
struct ReadTime {
    double latency = 0;       ///< the way there and back without any queue, that to the memory included
    double l2_queues = 0;     ///< on links, at slices and crossings
    double memory_queue = 0;  ///< for the memory's banks and buses; a read merged with another one waits with it
};

}  // namespace stcsim
