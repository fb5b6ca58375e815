import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.monitor.Monitor;
import org.apache.lucene.monitor.MonitorConfiguration;
import org.apache.lucene.monitor.MonitorQuery;
import org.apache.lucene.monitor.MultipassTermFilteredPresearcher;
import org.apache.lucene.monitor.Presearcher;
import org.apache.lucene.monitor.QueryMatch;
import org.apache.lucene.monitor.TermFilteredPresearcher;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.util.Version;

/**
 * Lucene Monitor. Title and text are two values of one field with a wide gap between them, so that no phrase spans both, and
 * a term is looked up once. Queries are Lucene objects in Monitor's own cache; nothing is parsed or serialized at a match.
 */
final class MonitorPeer extends Peer {
  static final String FIELD = "f";
  private static final int GAP = 10_000;

  private final String presearcher;
  private final Monitor monitor;

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    IndexSearcher.setMaxClauseCount(1 << 20);
    new MonitorPeer(arguments[0]).serve(answers);
    System.exit(0); // Monitor keeps a thread
  }

  private MonitorPeer(String presearcher) throws IOException {
    this.presearcher = presearcher;
    Presearcher chosen =
        switch (presearcher) {
          case "term" -> new TermFilteredPresearcher();
          case "multipass-2" -> new MultipassTermFilteredPresearcher(2);
          case "multipass-3" -> new MultipassTermFilteredPresearcher(3);
          default -> throw new IllegalArgumentException("no such presearcher: " + presearcher);
        };
    // Purging drops deleted queries from the cache; there are none, so it need not run meanwhile.
    MonitorConfiguration configuration = new MonitorConfiguration().setPurgeFrequency(1, TimeUnit.DAYS);
    monitor = new Monitor(new Words(), chosen, configuration);
  }

  @Override
  String about() {
    return "Lucene Monitor " + Version.LATEST + ", " + presearcher + ", Java " + Runtime.version().feature();
  }

  @Override
  void load(List<String[]> rules) throws IOException {
    List<MonitorQuery> queries = new ArrayList<>();
    for (String[] rule : rules) {
      queries.add(new MonitorQuery(rule[0], Queries.of(rule[1])));
    }
    monitor.register(queries);
  }

  @Override
  void add(String id, String rule) throws IOException {
    monitor.register(new MonitorQuery(id, Queries.of(rule)));
  }

  @Override
  Collection<String> match(String title, String text) throws IOException {
    Document document = new Document();
    document.add(new TextField(FIELD, title, Field.Store.NO));
    document.add(new TextField(FIELD, text, Field.Store.NO));
    var found = monitor.match(document, QueryMatch.SIMPLE_MATCHER);
    if (!found.getErrors().isEmpty()) {
      throw new IllegalStateException("rules that failed: " + found.getErrors());
    }
    List<String> ids = new ArrayList<>(found.getMatchCount());
    for (QueryMatch match : found.getMatches()) {
      ids.add(match.getQueryId());
    }
    return ids;
  }

  private static final class Words extends Analyzer {
    @Override
    protected TokenStreamComponents createComponents(String field) {
      Tokenizer words = new StandardTokenizer();
      return new TokenStreamComponents(words, new LowerCaseFilter(words));
    }

    @Override
    public int getPositionIncrementGap(String field) {
      return GAP;
    }
  }
}
