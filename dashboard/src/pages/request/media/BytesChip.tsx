import { Modal, UnstyledButton } from "@mantine/core";
import { useEffect, useState } from "react";
import { Icon } from "@/components/Icon";
import { bytes as sizeOf } from "@/format/numbers";
import styles from "./Media.module.css";

/** Types that are drawn here. SVG and HTML are not among them: they can only be downloaded. */
const DRAWN = /^image\/(png|jpe?g|gif|webp|avif|bmp)$/;
const PLAYED = /^audio\/[\w.+-]+$/;
const FILMED = /^video\/[\w.+-]+$/;

interface Props {
  type: string;
  bytes: number | null;
  name?: string;
  /** The bytes, of the stored body. */
  load: () => Promise<ArrayBuffer | null>;
  disabled?: boolean;
}

/** Bytes as a chip: their type and size. It opens an image, a sound or a film, and offers the rest as a file. */
export function BytesChip({ type, bytes, name = "", load, disabled }: Props) {
  const [address, setAddress] = useState("");
  const [fault, setFault] = useState("");
  const [open, setOpen] = useState(false);
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  const known = DRAWN.test(type) || PLAYED.test(type) || FILMED.test(type) ? type : "";
  const show = async () => {
    setOpen(true);
    if (address) return;
    try {
      const found = await load();
      // A type that could run in this page is never given to the browser.
      if (found) setAddress(URL.createObjectURL(new Blob([found], { type: known || "application/octet-stream" })));
      else setFault("These bytes are not whole in the log, or are no valid base64.");
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  const label = [name || wordOf(type), type && !name ? type.split("/")[1] : "", bytes === null ? "" : sizeOf(bytes)].filter(Boolean).join(", ");
  return (
    <>
      <UnstyledButton className={styles["chip"]} disabled={disabled} onClick={(event) => {
        event.stopPropagation();
        void show();
      }}>
        <Icon name={PLAYED.test(type) || FILMED.test(type) ? "play" : "external"} size={12} />
        {label}
      </UnstyledButton>
      <Modal opened={open} onClose={() => setOpen(false)} title={label} size="auto">
        {fault && <p role="alert">{fault}</p>}
        {address && DRAWN.test(type) && <img src={address} alt={label} className={styles["image"]} onError={() => setFault("The browser cannot draw this image.")} />}
        {address && PLAYED.test(type) && <audio src={address} controls />}
        {address && FILMED.test(type) && <video src={address} controls className={styles["image"]} />}
        {address && (
          <p>
            <a href={address} download={`${name || "body"}.${extensionOf(type)}`}>
              Download
            </a>
          </p>
        )}
      </Modal>
    </>
  );
}

function wordOf(type: string): string {
  const word = type.split("/")[0] ?? "";
  return word === "image" || word === "audio" || word === "video" ? word : type === "application/pdf" ? "file" : "base64";
}

function extensionOf(type: string): string {
  return /^[\w-]+\/([\w-]+)$/.exec(type)?.[1]?.replace("jpeg", "jpg").replace("mpeg", "mp3") ?? "bin";
}
