import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.lucene.index.Term;
import org.apache.lucene.queries.spans.SpanNearQuery;
import org.apache.lucene.queries.spans.SpanOrQuery;
import org.apache.lucene.queries.spans.SpanQuery;
import org.apache.lucene.queries.spans.SpanTermQuery;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/** Lucene queries of rules as benchmarks/matching/forms.py writes them: operators before their operands, with a count. */
final class Queries {
  static Query of(String rule) {
    return query(List.of(rule.split(" ")).iterator());
  }

  private static Query query(Iterator<String> words) {
    String operator = words.next();
    switch (operator) {
      case "word":
        return new TermQuery(term(words));
      case "prefix":
        return new PrefixQuery(term(words));
      case "phrase": {
        PhraseQuery.Builder phrase = new PhraseQuery.Builder();
        for (int left = count(words); left > 0; left--) {
          phrase.add(term(words));
        }
        return phrase.build();
      }
      case "and": {
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        for (int left = count(words); left > 0; left--) {
          all.add(query(words), Occur.MUST);
        }
        for (int left = count(words); left > 0; left--) {
          all.add(query(words), Occur.MUST_NOT);
        }
        return all.build();
      }
      case "or": {
        BooleanQuery.Builder any = new BooleanQuery.Builder();
        for (int left = count(words); left > 0; left--) {
          any.add(query(words), Occur.SHOULD);
        }
        return any.build();
      }
      case "near": {
        int distance = count(words);
        return new SpanNearQuery(new SpanQuery[] {span(words), span(words)}, distance, false);
      }
      default:
        throw new IllegalArgumentException("no such operator: " + operator);
    }
  }

  private static SpanQuery span(Iterator<String> words) {
    String operator = words.next();
    if (operator.equals("word")) {
      return new SpanTermQuery(term(words));
    }
    List<SpanQuery> parts = new ArrayList<>();
    for (int left = count(words); left > 0; left--) {
      parts.add(operator.equals("or") ? span(words) : new SpanTermQuery(term(words)));
    }
    SpanQuery[] array = parts.toArray(new SpanQuery[0]);
    return operator.equals("or") ? new SpanOrQuery(array) : new SpanNearQuery(array, 0, true);
  }

  private static Term term(Iterator<String> words) {
    return new Term(MonitorPeer.FIELD, words.next());
  }

  private static int count(Iterator<String> words) {
    return Integer.parseInt(words.next());
  }
}
