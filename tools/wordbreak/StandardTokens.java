import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.TypeAttribute;

/** Reads texts, one a line, as UTF-16BE in base 64; prints for each the tokens of Lucene as "start,end,type", in UTF-16 units. */
public final class StandardTokens {
  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    try (PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "US-ASCII");
        StandardTokenizer tokenizer = new StandardTokenizer()) {
      OffsetAttribute offset = tokenizer.addAttribute(OffsetAttribute.class);
      TypeAttribute type = tokenizer.addAttribute(TypeAttribute.class);
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        tokenizer.setReader(new StringReader(text(Base64.getDecoder().decode(line))));
        tokenizer.reset();
        StringBuilder tokens = new StringBuilder();
        while (tokenizer.incrementToken()) {
          tokens.append(offset.startOffset()).append(',').append(offset.endOffset()).append(',').append(type.type()).append(' ');
        }
        tokenizer.end();
        tokenizer.close();
        out.println(tokens.toString().trim());
      }
    }
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
