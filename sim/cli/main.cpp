#include <iostream>

#include "cli/command_line.h"
#include "cuda/executor_choice.h"
#include "files/atomic_file.h"
#include "mma_batch/simulated_mma.h"

int main(int argc, char** argv) {
    stcsim::remove_temporary_files_on_interrupt();
    return stcsim::run_command_line(
        {argv, argv + argc},
        {stcsim::simulate_gemm, stcsim::check_gemm, stcsim::execute_by_simulation, stcsim::measure,
         stcsim::measure_memory, stcsim::measure_memory_work, stcsim::make_launch_executor},
        std::cout, std::cerr);
}
