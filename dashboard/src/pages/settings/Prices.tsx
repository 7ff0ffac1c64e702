import { BuiltInPrices } from "./BuiltInPrices";
import { OwnPrices } from "./OwnPrices";
import { Repricing } from "./Repricing";

/** Own prices, the built-in ones, and pricing calls again. */
export function Prices() {
  return (
    <>
      <OwnPrices />
      <Repricing />
      <BuiltInPrices />
    </>
  );
}
