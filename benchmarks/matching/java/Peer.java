import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * A matching engine that is measured beside ours: reads a command a line and answers each with a line of JSON, as
 * benchmarks/matching/worker.py does for our engines. Arguments are parted by tabs:
 *
 * <pre>
 * docs PATH          read articles, "title TAB text" a line
 * load PATH          build the index of rules, "id TAB rule" a line, in the engine's own form
 * pass FIRST LAST N  match the articles of that range, one a call, N times over
 * ids PATH N         match the first N articles once; write the matches of each, sorted, as one line
 * add DOC ID RULE    add one rule, then match that article, which must find it
 * memory             heap in use after a collection
 * </pre>
 *
 * CPU time is that of the whole process (compilers and collectors among it); that of the thread that matches stands beside.
 */
abstract class Peer {
  private record Article(String title, String text) {}

  private List<Article> articles = List.of();

  /** Build the index of these rules. */
  abstract void load(List<String[]> rules) throws Exception;

  /** Add one rule, seen by the next match. */
  abstract void add(String id, String rule) throws Exception;

  /** Return the ids of the rules that an article matches. */
  abstract Collection<String> match(String title, String text) throws Exception;

  /** Return what the engine says of itself. */
  abstract String about();

  final void serve(PrintStream answers) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    answers.println("{\"about\": \"" + about() + "\"}");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      answers.println(answer(line.split("\t")));
      answers.flush();
    }
  }

  private String answer(String[] command) throws Exception {
    switch (command[0]) {
      case "docs":
        articles = new ArrayList<>();
        for (String[] line : lines(command[1])) {
          articles.add(new Article(line[0], line[1]));
        }
        return "{\"docs\": " + articles.size() + "}";
      case "load": {
        long began = System.nanoTime();
        long process = processNanos();
        List<String[]> rules = lines(command[1]);
        load(rules);
        double seconds = (System.nanoTime() - began) / 1e9;
        double used = (processNanos() - process) / 1e9;
        return json("{\"rules\": %d, \"seconds\": %.6f, \"cpu_s\": %.6f}", rules.size(), seconds, used);
      }
      case "pass": {
        int last = Integer.parseInt(command[2]);
        long hits = 0;
        long process = processNanos();
        long thread = threadNanos();
        for (int times = Integer.parseInt(command[3]); times > 0; times--) {
          for (int at = Integer.parseInt(command[1]); at < last; at++) {
            Article article = articles.get(at);
            hits += match(article.title, article.text).size();
          }
        }
        thread = threadNanos() - thread;
        process = processNanos() - process;
        return json("{\"cpu_s\": %.6f, \"thread_s\": %.6f, \"hits\": %d}", process / 1e9, thread / 1e9, hits);
      }
      case "ids": {
        List<String> lines = new ArrayList<>();
        for (Article article : articles.subList(0, Integer.parseInt(command[2]))) {
          lines.add(String.join(" ", new TreeSet<>(match(article.title, article.text))));
        }
        Files.write(Path.of(command[1]), lines, StandardCharsets.US_ASCII);
        return "{\"docs\": " + lines.size() + "}";
      }
      case "add": {
        Article article = articles.get(Integer.parseInt(command[1]));
        long began = System.nanoTime();
        add(command[2], command[3]);
        long added = System.nanoTime();
        boolean found = match(article.title, article.text).contains(command[2]);
        double matching = (System.nanoTime() - added) / 1e9;
        return json("{\"add_s\": %.9f, \"match_s\": %.9f, \"found\": %b}", (added - began) / 1e9, matching, found);
      }
      case "memory": {
        for (int times = 0; times < 3; times++) {
          System.gc();
        }
        long used = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        return "{\"heap_bytes\": " + used + "}";
      }
      default:
        throw new IllegalArgumentException("no such command: " + command[0]);
    }
  }

  private static String json(String form, Object... values) {
    return String.format(Locale.ROOT, form, values);
  }

  private static List<String[]> lines(String path) throws Exception {
    List<String[]> lines = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(path), StandardCharsets.US_ASCII)) {
      lines.add(line.split("\t", 2));
    }
    return lines;
  }

  private static long processNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  private static long threadNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
