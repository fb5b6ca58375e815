import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.TypeAttribute;

/**
 * Reads texts, one a line, as UTF-16BE in base 64; prints for each the tokens of Lucene as "start,end,type", in UTF-16 units.
 * A South-East Asian token comes as its grapheme clusters, as Java's regular expressions know them.
 */
public final class StandardTokens {
  private static final Pattern CLUSTER = Pattern.compile("\\X");

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    try (PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "US-ASCII");
        StandardTokenizer tokenizer = new StandardTokenizer()) {
      OffsetAttribute offset = tokenizer.addAttribute(OffsetAttribute.class);
      TypeAttribute type = tokenizer.addAttribute(TypeAttribute.class);
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String text = text(Base64.getDecoder().decode(line));
        tokenizer.setReader(new StringReader(text));
        tokenizer.reset();
        StringBuilder tokens = new StringBuilder();
        while (tokenizer.incrementToken()) {
          if (type.type().equals(StandardTokenizer.TOKEN_TYPES[StandardTokenizer.SOUTHEAST_ASIAN])) {
            Matcher cluster = CLUSTER.matcher(text).region(offset.startOffset(), offset.endOffset());
            while (cluster.find()) {
              print(tokens, cluster.start(), cluster.end(), type);
            }
          } else {
            print(tokens, offset.startOffset(), offset.endOffset(), type);
          }
        }
        tokenizer.end();
        tokenizer.close();
        out.println(tokens.toString().trim());
      }
    }
  }

  private static void print(StringBuilder tokens, int start, int end, TypeAttribute type) {
    tokens.append(start).append(',').append(end).append(',').append(type.type()).append(' ');
  }

  /** Unlike a decoder, keeps surrogates that stand alone. */
  private static String text(byte[] bytes) {
    char[] units = new char[bytes.length / 2];
    for (int at = 0; at < units.length; at++) {
      units[at] = (char) ((bytes[2 * at] & 0xFF) << 8 | bytes[2 * at + 1] & 0xFF);
    }
    return new String(units);
  }
}
