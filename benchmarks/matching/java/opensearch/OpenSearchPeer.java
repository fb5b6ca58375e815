import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.codelibs.opensearch.runner.OpenSearchRunner;
import org.opensearch.Version;
import org.opensearch.action.bulk.BulkRequestBuilder;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.action.support.WriteRequest.RefreshPolicy;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.percolator.PercolateQueryBuilder;
import org.opensearch.search.SearchHit;
import org.opensearch.search.sort.FieldSortBuilder;

/**
 * OpenSearch's percolator in this process: one node, one shard, asked through the node's own client, so that no HTTP is
 * paid for. Unscored, in index order, ids only. Title and text are two values of one field with a wide gap between them.
 */
final class OpenSearchPeer extends Peer {
  private static final String INDEX = "rules";
  /** No more modules than are needed; the common analyzers among them ask for locales that a small Java lacks. */
  private static final String MODULES =
      "org.opensearch.percolator.PercolatorModulePlugin,org.opensearch.transport.Netty4ModulePlugin";

  private static final int BATCH = 1_000;
  private static final String SETTINGS =
      """
      {"index": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1", "max_result_window": 1000000}}""";
  private static final String MAPPING =
      """
      {"properties": {"rule": {"type": "percolator"},
       "f": {"type": "text", "analyzer": "standard", "position_increment_gap": 10000, "norms": false}}}""";

  private final OpenSearchRunner runner;
  private int rules;

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    new OpenSearchPeer().serve(answers);
    System.exit(0);
  }

  private OpenSearchPeer() {
    runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> settings.put("discovery.type", "single-node"));
    OpenSearchRunner.Configs configs = OpenSearchRunner.newConfigs();
    String folder = Path.of("").toAbsolutePath().resolve("node").toString();
    runner.build(configs.basePath(folder).clusterName("presswatch-bench").numOfNode(1).moduleTypes(MODULES));
    runner.ensureYellow();
    runner.createIndex(INDEX, request -> request.setSettings(SETTINGS, XContentType.JSON).setMapping(MAPPING));
    runner.ensureYellow(INDEX);
  }

  @Override
  String about() {
    return "OpenSearch " + Version.CURRENT + ", Java " + Runtime.version().feature();
  }

  @Override
  void load(List<String[]> lines) {
    for (int from = 0; from < lines.size(); from += BATCH) {
      BulkRequestBuilder bulk = runner.client().prepareBulk();
      for (String[] line : lines.subList(from, Math.min(from + BATCH, lines.size()))) {
        bulk.add(request(line[0], line[1]));
      }
      BulkResponse done = bulk.get();
      if (done.hasFailures()) {
        throw new IllegalStateException(done.buildFailureMessage());
      }
    }
    runner.forceMerge(1, false, true);
    runner.refresh();
    rules += lines.size();
  }

  @Override
  void add(String id, String rule) {
    runner.client().index(request(id, rule).setRefreshPolicy(RefreshPolicy.IMMEDIATE)).actionGet();
    rules++;
  }

  @Override
  Collection<String> match(String title, String text) throws IOException {
    BytesReference document;
    try (var json = XContentFactory.jsonBuilder()) {
      document = BytesReference.bytes(json.startObject().array("f", title, text).endObject());
    }
    var percolate = new PercolateQueryBuilder("rule", document, XContentType.JSON);
    SearchResponse response =
        runner
            .client()
            .prepareSearch(INDEX)
            .setQuery(QueryBuilders.constantScoreQuery(percolate))
            .addSort(FieldSortBuilder.DOC_FIELD_NAME, org.opensearch.search.sort.SortOrder.ASC)
            .setFetchSource(false)
            .setTrackTotalHits(false)
            .setSize(rules)
            .get();
    if (response.getFailedShards() > 0) {
      throw new IllegalStateException("the search failed: " + response);
    }
    List<String> ids = new ArrayList<>();
    for (SearchHit hit : response.getHits()) {
      ids.add(hit.getId());
    }
    return ids;
  }

  private static IndexRequest request(String id, String rule) {
    return new IndexRequest(INDEX).id(id).source("{\"rule\": " + rule + "}", XContentType.JSON);
  }
}
