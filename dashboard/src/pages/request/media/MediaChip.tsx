import { Icon } from "@/components/Icon";
import { WHOLE_RESPONSE } from "../worker/clip";
import { useCallDocuments } from "../worker/CallDocuments";
import type { Media } from "../conversation/types";
import { BytesChip } from "./BytesChip";
import styles from "./Media.module.css";

/** An image, a sound or a file of a message. Its bytes come from the stored body; an address elsewhere is only a link. */
export function MediaChip({ media }: { media: Media }) {
  const { worker } = useCallDocuments();
  if (media.data) return <BytesChip type={typeOf(media)} bytes={media.bytes} name={media.name} load={() => (media.data === WHOLE_RESPONSE ? worker.ask("wholeBytes", "response") : worker.ask("bytes", Number(media.data)))} />;
  if (media.url) {
    return (
      <a className={styles["chip"]} href={media.url} target="_blank" rel="noreferrer noopener" title={media.url}>
        <Icon name="external" size={12} />
        {media.name || media.what}, {hostOf(media.url)}
      </a>
    );
  }
  return (
    <span className={styles["chip"]}>
      {media.name || media.what}
      {media.id && `, ${media.id.slice(0, 60)}`}
    </span>
  );
}

function typeOf(media: Media): string {
  return media.type.includes("/") ? media.type.toLowerCase() : media.what === "file" ? media.type : `${media.what}/${media.type.toLowerCase() || "*"}`;
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "elsewhere";
  }
}
