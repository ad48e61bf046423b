//! What is freed stays with the program once it is asked for. A program of its own, since that holds for all of it, and without
//! the harness of tests, which would call it in a thread that has a heap of its own already.

fn main() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    linux::freed_memory_is_kept();
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    assert!(!burn_loss::keep_freed_memory());
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod linux {
    use std::hint::black_box;

    const MIB: usize = 1 << 20;

    /// What this process has in memory, in MiB.
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.expect("in kB")
            .trim()
            .parse::<usize>()
            .expect("a number")
            / 1024
    }

    /// How much of 64 MiB is still there when they have been written and freed.
    fn left_of_64() -> usize {
        let before = resident();
        let numbers = black_box(vec![1u8; 64 * MIB]);
        assert!(resident() >= before + 60);
        drop(numbers);
        resident().saturating_sub(before)
    }

    pub fn freed_memory_is_kept() {
        assert!(left_of_64() < 4);
        assert!(burn_loss::keep_freed_memory());
        assert!(left_of_64() > 60);
        // The same memory again, also for another thread.
        let before = resident();
        let again = std::thread::spawn(|| black_box(vec![2u8; 64 * MIB]));
        assert_eq!(again.join().expect("no panic")[MIB], 2);
        assert!(resident() < before + 4);
    }
}
