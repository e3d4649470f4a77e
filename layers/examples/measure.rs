//! The measurement behind `layers::gzip::FORMAT`: what block size and level cost in bytes and time.
//!
//! ```sh
//! cargo run --release --package layers --example measure -- ROOTFS_OR_TAR [REPEATS]
//! ```
//!
//! Prints a Markdown table with one line for each block size and level: the size against the
//! installed `gzip -6`, and for one and for two threads the best time of all repeats, the processor
//! time (which other work on the machine disturbs least) and the peak memory. The table of `docs/layers.md` was made with it.

use std::{
    error::Error,
    ffi::OsString,
    fmt,
    fs::File,
    io::{self, Read, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use layers::{
    Compression, LayerOptions, Ownership, Tree,
    gzip::{self, Parameters},
    write_layer,
};

const BLOCK_SIZES_IN_KIB: [usize; 5] = [256, 512, 1024, 2048, 4096];
const LEVELS: [u8; 5] = [5, 6, 7, 8, 9];
/// First argument of a process that measures one case, so that memory is that of this case alone.
const ONE_CASE: &str = "--one-case";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().filter_map(|it| it.to_str()).collect();
    match arguments[..] {
        [ONE_CASE, tar, block_size, level, threads] => {
            let block_size = block_size.parse()?;
            let level = level.parse()?;
            one_case(
                Path::new(tar),
                &Parameters { block_size, level },
                threads.parse()?,
            )
        }
        [input] => table(Path::new(input), 1),
        [input, repeats] => table(Path::new(input), repeats.parse()?),
        _ => Err("usage: measure ROOTFS_OR_TAR [REPEATS]".into()),
    }
}

fn table(input: &Path, repeats: u32) -> Result<(), Box<dyn Error>> {
    let tar = as_tar(input)?;
    let bytes = std::fs::metadata(&tar)?.len();
    let (reference, time) = reference(&tar)?;
    println!("{} of tar, best of {repeats}", mebibytes(bytes));
    println!(
        "`gzip -6`: {reference} bytes, {:.2} s\n",
        time.as_secs_f64()
    );
    println!("| block | level | size | ÷ `gzip -6` | 1 thread | 2 threads |");
    println!("|---|---|---|---|---|---|");
    for kibibytes in BLOCK_SIZES_IN_KIB {
        for level in LEVELS {
            let block_size = NonZeroUsize::new(kibibytes * 1024).ok_or("a block of nothing")?;
            let parameters = Parameters { block_size, level };
            let alone = measure(&tar, &parameters, 1, repeats)?;
            let two = measure(&tar, &parameters, 2, repeats)?;
            assert_eq!(alone.size, two.size, "threads must not show in the output");
            println!(
                "| {kibibytes} KiB | {level} | {} | {:.4} | {alone} | {two} |",
                alone.size,
                alone.size as f64 / reference as f64,
            );
        }
    }
    Ok(())
}

/// The input itself if it is a file, else a tar of it next to other temporary files.
fn as_tar(input: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if input.is_file() {
        return Ok(input.to_owned());
    }
    let options = LayerOptions {
        mtime: 1,
        compression: Compression::None,
        threads: NonZeroUsize::MIN,
    };
    let path = std::env::temp_dir().join("layers-measure.tar");
    let tree = Tree::from_directory(input, Ownership::ROOT)?;
    write_layer(&tree, &options, File::create(&path)?)?;
    Ok(path)
}

/// The size and the time of `gzip -6`.
fn reference(tar: &Path) -> Result<(u64, Duration), Box<dyn Error>> {
    let begin = Instant::now();
    let mut gzip = Command::new("gzip")
        .args(["-6", "--no-name", "--stdout"])
        .arg(tar)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = gzip.stdout.take().ok_or("no pipe from gzip")?;
    let size = io::copy(&mut output, &mut io::sink())?;
    match gzip.wait()?.success() {
        true => Ok((size, begin.elapsed())),
        false => Err("gzip failed".into()),
    }
}

struct Measured {
    size: u64,
    time: Duration,
    processor_time: Duration,
    memory: u64,
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, processor_time) = (self.time.as_secs_f64(), self.processor_time.as_secs_f64());
        let memory = mebibytes(self.memory);
        write!(
            formatter,
            "{time:.2} s, {processor_time:.2} s CPU, {memory}"
        )
    }
}

/// Runs one case in processes of its own and takes the best time and the worst memory.
fn measure(
    tar: &Path,
    parameters: &Parameters,
    threads: usize,
    repeats: u32,
) -> Result<Measured, Box<dyn Error>> {
    let mut best = Measured {
        size: 0,
        time: Duration::MAX,
        processor_time: Duration::MAX,
        memory: 0,
    };
    for _ in 0..repeats.max(1) {
        let output = Command::new(std::env::current_exe()?)
            .arg(ONE_CASE)
            .arg(tar)
            .args([
                parameters.block_size.to_string(),
                parameters.level.to_string(),
            ])
            .arg(threads.to_string())
            .stderr(Stdio::inherit())
            .output()?;
        let output = String::from_utf8(output.stdout)?;
        let numbers: Vec<u64> = output
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [size, microseconds, processor_microseconds, memory] = numbers[..] else {
            return Err(format!("a case answered `{output}`").into());
        };
        best.size = size;
        best.time = best.time.min(Duration::from_micros(microseconds));
        let processor_time = Duration::from_micros(processor_microseconds);
        best.processor_time = best.processor_time.min(processor_time);
        best.memory = best.memory.max(memory);
    }
    Ok(best)
}

/// Prints size, microseconds, processor microseconds and peak memory of compressing `tar`.
fn one_case(
    tar: &Path,
    parameters: &Parameters,
    threads: NonZeroUsize,
) -> Result<(), Box<dyn Error>> {
    let mut input = File::open(tar)?;
    let mut output = Counter(0);
    let processor_begin = processor_time()?;
    let begin = Instant::now();
    gzip::compress(parameters, threads, &mut output, |writer| {
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match input.read(&mut buffer)? {
                0 => return io::Result::Ok(()),
                length => writer.write_all(&buffer[..length])?,
            }
        }
    })?;
    let time = begin.elapsed().as_micros();
    let processor_time = (processor_time()? - processor_begin).as_micros();
    println!("{} {time} {processor_time} {}", output.0, peak_memory()?);
    Ok(())
}

struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The processor time of all threads of this process, in the hundredths of a second that Linux shows.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    // utime and stime, the 14th and 15th of all fields; two stand before those split here.
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse);
    let ticks: Vec<u64> = ticks.collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(10 * ticks.iter().sum::<u64>()))
}

/// The high-water mark of resident memory in bytes, as Linux counts it (proc(5)).
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM in /proc/self/status")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
