//! Texts tokenised per second of CPU (Linux only): `cargo run --release --example tokenise [FILE]`, a file with one text a line.

use presswatch_matcher::text::tokenise;

const SENTENCES: &str = "India's government banned wheat exports with immediate effect on Saturday, citing a risk to its food \
    security, according to a notice. Prices rose by 5.9% to $12.40 a bushel; traders said \"nobody had seen it coming\". ";

fn main() -> std::io::Result<()> {
    let texts: Vec<String> = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?.lines().map(str::to_owned).collect(),
        None => vec![SENTENCES.repeat(3900 / SENTENCES.len() + 1)],
    };
    let begun = cpu()?;
    let (mut rounds, mut tokens) = (0_u32, 0);
    while cpu()? - begun < 2.0 {
        tokens += texts.iter().map(|text| tokenise(text, None).len()).sum::<usize>();
        rounds += 1;
    }
    let seconds = cpu()? - begun;
    let bytes: usize = texts.iter().map(String::len).sum();
    let mean = bytes as f64 / texts.len() as f64;
    let rate = f64::from(rounds) * texts.len() as f64 / seconds;
    println!(
        "{rate:.0} texts of {mean:.0} bytes a second, {:.2} ns a byte, {:.1} ns a token",
        1e9 / (rate * mean),
        1e9 * seconds / tokens as f64
    );
    Ok(())
}

/// Seconds of CPU that this thread has had.
fn cpu() -> std::io::Result<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(told.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default() / 1e9)
}
