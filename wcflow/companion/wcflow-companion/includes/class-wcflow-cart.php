<?php
/**
 * What is in a customer's cart.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Tells a cart when its items changed. It has a name that stays until an order is placed.
 *
 * What was told last is kept in WooCommerce's session, and for customers in a field of their account
 * too: their cart comes back when they log in again, and is then no new one.
 */
class Wcflow_Cart {

	const STATE      = 'wcflow_cart';
	const MOST_ITEMS = 100;
	const COMES_BACK = WEEK_IN_SECONDS;

	/**
	 * Adds the hooks.
	 */
	public static function init() {
		add_action( 'woocommerce_checkout_order_processed', array( __CLASS__, 'ordered' ) );
		add_action( 'woocommerce_store_api_checkout_order_processed', array( __CLASS__, 'ordered' ) );
		add_action( 'shutdown', array( __CLASS__, 'tell' ), 5 );
	}

	/**
	 * Remembers that this cart became an order.
	 *
	 * @param int|WC_Order $order The order.
	 */
	public static function ordered( $order ) {
		if ( WC()->session ) {
			$state          = self::stored();
			$state['order'] = $order instanceof WC_Order ? $order->get_id() : (int) $order;
			WC()->session->set( self::STATE, $state );
		}
	}

	/**
	 * Tells the cart if its items are not those that were told last.
	 */
	public static function tell() {
		// WooCommerce empties the cart of whoever logs out; it is kept for the next log-in.
		if ( ! did_action( 'woocommerce_load_cart_from_session' ) || did_action( 'wp_logout' ) || ! WC()->session || ! WC()->cart ) {
			return;
		}
		$visitor = Wcflow_Visitor::current();
		if ( ! $visitor && '' === WC()->session->get( Wcflow_Visitor::EMAIL ) ) {
			self::leave( self::stored() ); // The address that was typed last could not be taken.
		} elseif ( $visitor ) {
			$items = self::items();
			$state = self::state( $visitor, $items );
			if ( $items ) {
				self::tell_items( $visitor, $items, $state );
			} elseif ( $state['items'] ) {
				self::tell_empty( $visitor, $state );
			}
		}
	}

	/**
	 * Tells the items, unless they are the same as before and belong to the same person.
	 *
	 * @param Wcflow_Visitor $visitor Whose cart it is.
	 * @param array          $items   What is in it.
	 * @param array          $state   What was told last.
	 */
	private static function tell_items( $visitor, array $items, array $state ) {
		$hash   = self::hash();
		$before = new Wcflow_Visitor( $state['customer'], $state['email'] );
		$same   = $before->name() === $visitor->name();
		if ( $same && $state['items'] === $hash ) {
			return;
		}
		$cart = $state['cart'] ? $state['cart'] : self::new_name( $state['order'] );
		if ( ! $same && $state['items'] ) {
			self::leave( $state );
		}
		$visitor->tell( 'cart_updated', self::data( $cart, $items ) );
		self::keep(
			$visitor,
			array(
				'cart'     => $cart,
				'items'    => $hash,
				'customer' => $visitor->customer_id,
				'email'    => $visitor->email,
				'order'    => 0,
				'at'       => time(),
			)
		);
	}

	/**
	 * Tells that the cart is no longer this person's: the address was mistyped, or someone logged in.
	 *
	 * @param array $state What was told last.
	 */
	private static function leave( array $state ) {
		if ( $state['items'] ) {
			$before = new Wcflow_Visitor( $state['customer'], $state['email'] );
			$before->tell( 'cart_updated', self::data( $state['cart'], array() ) + array( 'left' => 1 ) );
			$state['items'] = '';
			WC()->session->set( self::STATE, $state );
		}
	}

	/**
	 * Tells that the cart was emptied, unless it became an order: then the next cart is a new one.
	 *
	 * @param Wcflow_Visitor $visitor Whose cart it is.
	 * @param array          $state   What was told last.
	 */
	private static function tell_empty( $visitor, array $state ) {
		if ( self::is_placed( $state['order'] ) ) {
			WC()->session->set( self::STATE, array( 'order' => $state['order'] ) );
			self::forget( $visitor->customer_id );
			return;
		}
		$visitor->tell( 'cart_updated', self::data( $state['cart'], array() ) );
		$state['items'] = '';
		$state['at']    = time();
		self::keep( $visitor, $state );
	}

	/**
	 * Returns whether an order was placed, also if its payment is still awaited.
	 *
	 * @param int $order_id The order, or 0.
	 * @return bool
	 */
	private static function is_placed( $order_id ) {
		$order = $order_id ? wc_get_order( $order_id ) : null;
		return $order instanceof WC_Order && ! $order->has_status( array( 'failed', 'cancelled', 'checkout-draft', 'trash' ) );
	}

	/**
	 * Returns the event's data.
	 *
	 * @param string $cart  The cart's name.
	 * @param array  $items What is in it.
	 * @return array
	 */
	private static function data( $cart, array $items ) {
		$total = $items ? WC()->cart->get_total( 'edit' ) : 0;
		return array(
			'cart'  => $cart,
			'items' => $items,
			'total' => (string) wc_format_decimal( $total, wc_get_price_decimals() ),
		);
	}

	/**
	 * Returns what is in the cart.
	 *
	 * @return array
	 */
	private static function items() {
		$items = array();
		foreach ( array_slice( WC()->cart->get_cart(), 0, self::MOST_ITEMS ) as $item ) {
			if ( isset( $item['product_id'], $item['quantity'], $item['data'] ) && $item['data'] instanceof WC_Product ) {
				$items[] = array(
					'product_id' => (int) $item['product_id'],
					'name'       => Wcflow_Events::plain( $item['data']->get_name() ),
					'quantity'   => wc_stock_amount( $item['quantity'] ),
				);
			}
		}
		return $items;
	}

	/**
	 * Returns a short name for what is in the cart: which products, and how many of each.
	 *
	 * @return string
	 */
	private static function hash() {
		return md5( (string) wp_json_encode( wp_list_pluck( WC()->cart->get_cart(), 'quantity' ) ) );
	}

	/**
	 * Returns what was told last of this cart: by the session, else by the customer's account.
	 *
	 * @param Wcflow_Visitor $visitor Whose cart it is.
	 * @param array          $items   What is in it.
	 * @return array
	 */
	private static function state( $visitor, array $items ) {
		$state = self::stored();
		if ( '' !== $state['cart'] || ! $visitor->customer_id || ! $items ) {
			return $state;
		}
		$kept    = self::complete( get_user_meta( $visitor->customer_id, self::meta(), true ) );
		$is_same = self::hash() === $kept['items'] || $kept['at'] > time() - self::COMES_BACK;
		if ( '' === $kept['cart'] || ! $is_same ) {
			return $state;
		}
		$kept['order'] = $state['order'];
		WC()->session->set( self::STATE, $kept );
		return $kept;
	}

	/**
	 * Returns what the session says.
	 *
	 * @return array
	 */
	private static function stored() {
		return self::complete( WC()->session->get( self::STATE ) );
	}

	/**
	 * Returns a stored state with all its fields.
	 *
	 * @param mixed $state The stored state.
	 * @return array
	 */
	private static function complete( $state ) {
		$none = array(
			'cart'     => '',
			'items'    => '',
			'customer' => 0,
			'email'    => '',
			'order'    => 0,
			'at'       => 0,
		);
		return is_array( $state ) ? array_merge( $none, array_intersect_key( $state, $none ) ) : $none;
	}

	/**
	 * Keeps what was told.
	 *
	 * @param Wcflow_Visitor $visitor Whose cart it is.
	 * @param array          $state   What was told.
	 */
	private static function keep( $visitor, array $state ) {
		WC()->session->set( self::STATE, $state );
		if ( $visitor->customer_id ) {
			update_user_meta( $visitor->customer_id, self::meta(), $state );
		}
	}

	/**
	 * Returns a name for a cart that nobody can guess; the same for two requests at the same time.
	 *
	 * @param int $order_id The order that the cart before became, or 0.
	 * @return string
	 */
	private static function new_name( $order_id ) {
		return wp_hash( 'wcflow cart ' . WC()->session->get_customer_id() . " $order_id " . gmdate( 'YmdH' ) );
	}

	/**
	 * Forgets what a customer's account says of their cart.
	 *
	 * @param int $user_id The account.
	 */
	public static function forget( $user_id ) {
		if ( $user_id ) {
			delete_user_meta( $user_id, self::meta() );
		}
	}

	/**
	 * Returns the name of the field in accounts, of this site as that of WooCommerce's own carts.
	 *
	 * @return string
	 */
	private static function meta() {
		return '_' . self::STATE . '_' . get_current_blog_id();
	}
}
